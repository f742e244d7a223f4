/* What a new profile of Firefox holds, so that it asks, fetches and updates nothing. */
#ifndef BAKEOFF_FIREFOX_PROFILE_H
#define BAKEOFF_FIREFOX_PROFILE_H

#include "platform/bytes.h"

/* Lines of its user.js. */
void firefox_add_preferences(struct bytes *text);

#endif
