/* The folder of the records: made if it is not there, and held by one runner at a time. */
#ifndef BAKEOFF_RECORDS_FOLDER_H
#define BAKEOFF_RECORDS_FOLDER_H

#include "platform/platform.h"

/* Its absolute path, or NULL, said in the log. */
char *records_folder(const char *records_path);

enum locked { LOCKED, LOCKED_BY_ANOTHER, LOCK_FAILED };

/* Holds it until this process ends. What fails is said in the log. */
enum locked records_lock(const char *folder, const char *records_path);

#endif
