/* Removing a folder with all that is in it. */
#ifndef BAKEOFF_FOLDER_REMOVAL_H
#define BAKEOFF_FOLDER_REMOVAL_H

#include "platform/platform.h"

/* Follows no links. A program that is just ending may write into it once more, so it is tried several times. */
void remove_folder(const char *path);

#endif
