/* The calls of Android's C library that the runner uses, declared here: there is no NDK, and another C library's
 * headers would bring that library's ABI.
 *
 * Constants and structures are those of Linux's and Android's public binary interface on arm64, armv7 and x86-64; where
 * the 32-bit one differs, that is said. devices/build/android_build.py allows exactly these names to be imported.
 */
#ifndef BAKEOFF_BIONIC_H
#define BAKEOFF_BIONIC_H

#ifdef __LP64__
typedef long ssize_t;
typedef unsigned mode_t;
#else
typedef int ssize_t;
typedef unsigned short mode_t;
#endif
typedef long off_t;
typedef long time_t;
typedef int pid_t;
typedef volatile int sig_atomic_t;
typedef void (*signal_handler)(int);

/* errno is each thread's own, behind a function. */
int *__errno(void);
#define errno (*__errno())
enum { ENOENT = 2, EINTR = 4, ECHILD = 10, EAGAIN = 11, EWOULDBLOCK = 11, EEXIST = 17, EFBIG = 27 };

/* Files */
enum {
    O_RDONLY = 0,
    O_WRONLY = 1,
    O_RDWR = 2,
    O_CREAT = 0100,
    O_TRUNC = 01000,
    O_APPEND = 02000,
    O_NONBLOCK = 04000,
    O_CLOEXEC = 02000000,
};
enum { F_OK = 0, R_OK = 4, F_DUPFD_CLOEXEC = 1030, LOCK_EX = 2, LOCK_NB = 4, POLLIN = 1, POLLOUT = 4 };
enum { SEEK_SET = 0, SEEK_END = 2 };
struct pollfd {
    int fd;
    short events;
    short revents;
};
struct dirent {
    uint64_t d_ino;
    int64_t d_off;
    unsigned short d_reclen;
    unsigned char d_type;
    char d_name[256];
};
typedef struct DIR DIR;
int access(const char *, int);
int close(int);
int closedir(DIR *);
int dup2(int, int);
int fcntl(int, int, ...);
int flock(int, int);
int fsync(int);
int ftruncate(int, off_t);
off_t lseek(int, off_t, int);
int mkdir(const char *, mode_t);
int open(const char *, int, ...);
DIR *opendir(const char *);
int pipe2(int[2], int);
int poll(struct pollfd *, unsigned, int);
ssize_t pread(int, void *, size_t, off_t);
ssize_t read(int, void *, size_t);
struct dirent *readdir(DIR *);
ssize_t readlink(const char *, char *, size_t);
char *realpath(const char *, char *);
int rename(const char *, const char *);
int rmdir(const char *);
int unlink(const char *);
ssize_t write(int, const void *, size_t);

/* Processes and time */
enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_PROCESS_CPUTIME_ID = 2, CLOCK_THREAD_CPUTIME_ID = 3 };
enum { CLOCK_BOOTTIME = 7, PR_SET_PDEATHSIG = 1, WNOHANG = 1 };
enum {
    SIGHUP = 1,
    SIGINT = 2,
    SIGQUIT = 3,
    SIGILL = 4,
    SIGTRAP = 5,
    SIGABRT = 6,
    SIGBUS = 7,
    SIGFPE = 8,
    SIGKILL = 9,
    SIGSEGV = 11,
    SIGPIPE = 13,
    SIGTERM = 15,
    SIGXCPU = 24,
    SIGXFSZ = 25,
    SIGSYS = 31,
};
#define SIG_DFL ((signal_handler)0)
#define SIG_IGN ((signal_handler)1)
#define WTERMSIG(status) ((status) & 0x7F)
#define WEXITSTATUS(status) ((status) >> 8 & 0xFF)
#define WIFSIGNALED(status) (WTERMSIG((status) + 1) >= 2)
struct timespec {
    time_t tv_sec;
    long tv_nsec;
};
struct utsname {
    char sysname[65];
    char nodename[65];
    char release[65];
    char version[65];
    char machine[65];
    char domainname[65];
};
_Noreturn void _exit(int);
unsigned long getauxval(unsigned long);
int clock_gettime(int, struct timespec *);
int execvp(const char *, char *const *);
pid_t fork(void);
char *getenv(const char *);
pid_t getpid(void);
unsigned getuid(void);
int kill(pid_t, int);
int nanosleep(const struct timespec *, struct timespec *);
int prctl(int, ...);
int setenv(const char *, const char *, int);
typedef struct cpu_set cpu_set_t; /* bits, as many as the call is told of bytes */
int sched_getaffinity(pid_t, size_t, cpu_set_t *);
int sched_setaffinity(pid_t, size_t, const cpu_set_t *);
pid_t setsid(void);
signal_handler signal(int, signal_handler);
int uname(struct utsname *);
pid_t waitpid(pid_t, int *, int);

/* Memory and text */
void *calloc(size_t, size_t);
void free(void *);
void *memchr(const void *, int, size_t);
int memcmp(const void *, const void *, size_t);
void *memcpy(void *, const void *, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
void *realloc(void *, size_t);
__attribute__((format(printf, 3, 4))) int snprintf(char *, size_t, const char *, ...);
char *strchr(const char *, int);
int strcmp(const char *, const char *);
char *strerror(int);
size_t strlen(const char *);
int strncmp(const char *, const char *, size_t);
char *strrchr(const char *, int);
char *strstr(const char *, const char *);
double strtod(const char *, char **);
long long strtoll(const char *, char **, int);
__attribute__((format(printf, 3, 0))) int vsnprintf(char *, size_t, const char *, va_list);

/* Shared libraries: RTLD_NOW is another number in the 32-bit interface. */
#ifdef __LP64__
enum { RTLD_NOW = 2 };
#else
enum { RTLD_NOW = 0 };
#endif
enum { RTLD_LOCAL = 0 };
char *dlerror(void);
void *dlopen(const char *, int);
void *dlsym(void *, const char *);

#endif
