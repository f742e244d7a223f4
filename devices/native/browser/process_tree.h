/* A browser's processes, as /proc tells them: who they are, how large, and how long they worked. */
#ifndef BAKEOFF_PROCESS_TREE_H
#define BAKEOFF_PROCESS_TREE_H

#include "platform/bytes.h"

#define PROCESSES_MAX 256

enum process_role { PROCESS_BROWSER, PROCESS_GPU, PROCESS_PAGE, PROCESS_OTHER };

struct process {
    pid_t pid;
    enum process_role role; /* by how it was started */
};

struct process_tree {
    int count;
    struct process processes[PROCESSES_MAX];
};

/* A process and all that it and its children started; empty where /proc does not say. */
void process_tree_read(struct process_tree *tree, pid_t root);

/* Whether a process is gone, or nobody has asked how it ended yet. */
bool process_has_ended(pid_t pid);

/* Whether a process's main thread has work: it runs, or waits for a core. */
bool process_is_running(pid_t pid);

/* How long all of a process's threads that still live have worked (the first number of schedstat); −1 if unknown. */
int64_t process_cpu_ns(pid_t pid);

/* The same of all of them together. */
int64_t process_tree_cpu_ns(pid_t root);

/* A size in kB from a file of /proc/PID, in bytes; −1 where it is not there. */
int64_t process_size_bytes(pid_t pid, const char *file, const char *key);

#endif
