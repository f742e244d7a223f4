/* Where an Android process begins when no NDK's crtbegin is linked in: the raw stack pointer goes to bionic's own
 * start-up, which calls main. */
#include "platform/platform.h"

typedef void (*initialiser)(void);

struct structors {
    initialiser *preinit;
    initialiser *init;
    initialiser *fini;
};

int main(int argc, char **argv, char **environment);
_Noreturn void __libc_init(void *raw_arguments, void (*on_exit)(void), int (*)(int, char **, char **),
                           const struct structors *);
_Noreturn void bakeoff_start(void *raw_arguments);
void _start(void);

/* What marks a program as Android's, as the NDK's crtbegin has it: owner, type 1, the lowest API level that it runs on.
 * Tools that look at crashes and packages go by it. */
static const struct {
    uint32_t name_size, description_size, type;
    char name[8];
    uint32_t api_level;
} identity __attribute__((section(".note.android.ident"), used, aligned(4))) = {
    sizeof "Android", sizeof(uint32_t), 1, "Android", __ANDROID_MIN_SDK_VERSION__};

/* bionic skips the first entry, which marks the list, and stops at the null. */
static initialiser none[] = {(initialiser)-1, NULL};

_Noreturn __attribute__((used)) void bakeoff_start(void *raw_arguments)
{
    static const struct structors structors = {none, none, none};
    __libc_init(raw_arguments, NULL, main, &structors);
}

__attribute__((naked, visibility("default"))) void _start(void)
{
#if defined(__x86_64__)
    __asm__("xor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall bakeoff_start\n\thlt");
#elif defined(__aarch64__)
    __asm__("mov x29, #0\n\tmov x30, #0\n\tmov x0, sp\n\tb bakeoff_start");
#elif defined(__arm__)
    __asm__("mov r0, sp\n\tmov r1, #0\n\tmov lr, r1\n\tb bakeoff_start");
#else
#error "no entry point for this architecture"
#endif
}
