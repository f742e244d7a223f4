/* What the runner uses of the C library: its headers on Linux, own declarations on Android.
 *
 * Nothing outside this list is called, so that the Android build can be linked without an NDK: bionic.h declares
 * exactly these, and native_build.py allows exactly these.
 */
#ifndef BAKEOFF_PLATFORM_H
#define BAKEOFF_PLATFORM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef BAKEOFF_OWN_BIONIC_DECLARATIONS
#include "platform/bionic.h"
#else
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#endif

#endif
