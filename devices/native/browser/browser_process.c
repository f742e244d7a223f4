#include "browser/browser_process.h"

#include "browser/firefox_profile.h"
#include "browser/folder_removal.h"
#include "browser/process_tree.h"
#include "browser/token.h"
#include "conductor/command_output.h"
#include "platform/child_process.h"
#include "platform/clock.h"

#define PROFILE_PREFIX ".browser-"
#define WORDS_MAX 64
#define INTENT_TIMEOUT_NS INT64_C(20000000000)
#define LAST_WORDS_BYTES 600
#define END_LOOKS 40
#define END_LOOK_EVERY_NS INT64_C(50000000)

/* The same as in devices/python_runner/browser/program.py. */
static const char *const chromium_flags[] = {
    "--no-first-run", "--no-default-browser-check", "--disable-sync", "--disable-quic", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-breakpad",
    /* A window that is covered, or a tab behind another, would be slowed down; here nobody is told of notifications. */
    "--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding", "--password-store=basic", "--enable-unsafe-webgpu"};

struct words {
    char *each[WORDS_MAX + 1];
    int count;
};

static void add_word(struct words *words, const char *word)
{
    if (words->count < WORDS_MAX)
        words->each[words->count++] = copy_text(word);
}

static void free_words(struct words *words)
{
    for (int k = 0; k < words->count; k++)
        free(words->each[k]);
}

static bool write_file(const char *folder, const char *name, const struct bytes *content, struct failure *failure)
{
    struct bytes path = {0};
    bytes_format(&path, "%s/%s", folder, name);
    int fd = open(path.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written = fd >= 0 && write(fd, content->data, content->length) == (ssize_t)content->length;
    if (!written)
        fail(failure, BROWSER_NOT_STARTED, "%s cannot be written: %s", path.data, strerror(errno));
    if (fd >= 0)
        close(fd);
    bytes_free(&path);
    return written;
}

static bool make_folder(const char *path, struct failure *failure)
{
    return mkdir(path, 0700) == 0
           || fail(failure, BROWSER_NOT_STARTED, "%s cannot be made: %s", path, strerror(errno));
}

/* Below the run's folder: a browser that is sandboxed by its packager may write there where it may not in /tmp. */
static bool make_own_folder(struct browser_process *browser, const char *run_folder, struct failure *failure)
{
    char token[TOKEN_CHARACTERS + 1];
    struct bytes path = {0};
    if (!token_draw(token))
        return fail(failure, BROWSER_NOT_STARTED, "the kernel gives no random bytes: %s", strerror(errno));
    bytes_format(&path, "%s/" PROFILE_PREFIX "%d-%.8s", run_folder, (int)getpid(), token);
    if (!make_folder(path.data, failure)) {
        bytes_free(&path);
        return false;
    }
    browser->folder = path.data;
    return true;
}

static bool has_screen(void)
{
    const char *x11 = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
    return (x11 != NULL && x11[0] != '\0') || (wayland != NULL && wayland[0] != '\0');
}

static bool add_flags(struct browser_process *browser, const char *family, struct words *words, struct failure *failure)
{
    struct bytes profile = {0}, preferences = {0};
    int first = words->count;
    bool done = true;
    bytes_format(&profile, "%s/profile", browser->folder);
    if (strcmp(family, "chromium") == 0) {
        for (size_t k = 0; k < sizeof chromium_flags / sizeof *chromium_flags; k++)
            add_word(words, chromium_flags[k]);
        if (getuid() == 0) {
            add_word(words, "--no-sandbox");
            settings_set(&browser->settings, SETTING_SANDBOX,
                         "off: the runner is root, for whom this browser has none");
        }
    } else {
        add_word(words, "--no-remote");
        add_word(words, "--new-instance");
        firefox_add_preferences(&preferences);
        done = make_folder(profile.data, failure) && write_file(profile.data, "user.js", &preferences, failure);
    }
    settings_set(&browser->settings, SETTING_HEADLESS, has_screen() ? "no" : "yes: there is no screen");
    if (!has_screen())
        add_word(words, "--headless");
    struct bytes told = {0};
    for (int k = first; k < words->count; k++)
        bytes_format(&told, "%s%s", k == first ? "" : " ", words->each[k]);
    settings_set(&browser->settings, SETTING_BROWSER_FLAGS, told.data);
    bytes_free(&told);
    struct bytes flag = {0};
    if (strcmp(family, "chromium") == 0) {
        bytes_format(&flag, "--user-data-dir=%s", profile.data);
        add_word(words, flag.data);
    } else {
        add_word(words, "--profile");
        add_word(words, profile.data);
    }
    bytes_free(&flag);
    bytes_free(&profile);
    bytes_free(&preferences);
    return done;
}

/* The address stands in a file that only this user may read, and not in the command line, which everybody may. */
static bool add_start(struct browser_process *browser, const char *address, struct words *words, struct failure *failure)
{
    struct bytes page = {0}, place = {0};
    bytes_format(&page, "<!doctype html><meta charset=utf-8><title>bakeoff</title>"
                        "<script>location.replace('%s')</script>", address);
    bool written = write_file(browser->folder, "start.html", &page, failure);
    bytes_text(&place, "file://");
    for (const char *at = browser->folder; *at != '\0'; at++) {
        bool is_plain = (*at >= '0' && *at <= '9') || (*at >= 'A' && *at <= 'Z') || (*at >= 'a' && *at <= 'z')
                        || strchr("/._-~", *at) != NULL;
        bytes_format(&place, is_plain ? "%c" : "%%%02X", (unsigned char)*at);
    }
    bytes_text(&place, "/start.html");
    add_word(words, place.data);
    bytes_free(&page);
    bytes_free(&place);
    return written;
}

static bool start_program(struct browser_process *browser, struct words *words, struct failure *failure)
{
    struct bytes path = {0};
    bytes_format(&path, "%s/browser.log", browser->folder);
    int log = open(path.data, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int descriptors[3] = {null, log, log};
    bytes_free(&path);
    browser->pid = log >= 0 && null >= 0 ? child_start(words->each, descriptors) : -1;
    int problem = errno;
    if (log >= 0)
        close(log);
    if (null >= 0)
        close(null);
    return browser->pid > 0
           || fail(failure, BROWSER_NOT_STARTED, "%s cannot be started: %s", words->each[0], strerror(problem));
}

/* A phone's app. The address says nothing to others that its page does not take back at once: it is good for one socket. */
static bool show_in_app(const char *package, const char *address, struct failure *failure)
{
    char am[] = "am", start[] = "start", action[] = "-a", view[] = "android.intent.action.VIEW", data[] = "-d";
    char error[200] = "";
    char *place = copy_text(address), *app = copy_text(package);
    char *const argv[] = {am, start, action, view, data, place, app, NULL};
    struct bytes said = {0}, line = {0};
    bool done = command_output(argv, 4096, INTENT_TIMEOUT_NS, &said, error, sizeof error);
    bytes_add(&said, "", 0);
    bool is_refused = strstr(said.data, "Error") != NULL;
    /* It repeats what it was asked, and the address is nobody else's business. */
    char *told = strstr(said.data, address);
    if (told != NULL)
        memmove(told, told + strlen(address), strlen(told + strlen(address)) + 1);
    add_one_line(&line, said.data, 300);
    if (!done)
        fail(failure, BROWSER_NOT_STARTED, "%s cannot be told to show a page: %s %s", package, error,
             line.data != NULL ? line.data : "");
    else if (is_refused)
        fail(failure, BROWSER_NOT_STARTED, "%s does not show a page: %s", package, line.data);
    bytes_free(&said);
    bytes_free(&line);
    free(place);
    free(app);
    return done && !is_refused;
}

bool browser_start(struct browser_process *browser, const struct json_value *argv, const char *family,
                   const char *address, const char *run_folder, struct failure *failure)
{
    static const char app[] = "android:";
    struct words words = {0};
    *browser = (struct browser_process){.pid = -1};
    if (strncmp(argv->as.first->as.string, app, sizeof app - 1) == 0)
        return show_in_app(argv->as.first->as.string + sizeof app - 1, address, failure);
    for (const struct json_value *word = argv->as.first; word != NULL; word = word->next)
        add_word(&words, word->as.string);
    bool started = make_own_folder(browser, run_folder, failure) && add_flags(browser, family, &words, failure)
                   && add_start(browser, address, &words, failure) && start_program(browser, &words, failure);
    free_words(&words);
    if (!started)
        browser_end(browser);
    return started;
}

bool browser_has_ended(struct browser_process *browser, char *how, size_t size)
{
    if (browser->pid < 0)
        return false;
    if (!browser->has_ended)
        browser->has_ended = child_wait(browser->pid, 0, &browser->status);
    if (browser->has_ended && WIFSIGNALED(browser->status))
        signal_name(WTERMSIG(browser->status), how, size);
    else if (browser->has_ended)
        snprintf(how, size, "exit %d", WEXITSTATUS(browser->status));
    return browser->has_ended;
}

void browser_add_last_words(const struct browser_process *browser, struct bytes *words)
{
    struct bytes path = {0}, text = {0}, errors = {0};
    if (browser->folder == NULL)
        return;
    bytes_format(&path, "%s/browser.log", browser->folder);
    bytes_read_file(&text, path.data, 1 << 20);
    bytes_add(&text, "", 0);
    for (char *line = text.data; line != NULL;) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        if (strstr(line, "ERROR") != NULL || strstr(line, "rror:") != NULL || strstr(line, "annot") != NULL)
            bytes_format(&errors, "%s%s", errors.length != 0 ? " | " : "", line);
        line = end != NULL ? end + 1 : NULL;
    }
    if (errors.length != 0) {
        bytes_text(words, " | ");
        add_one_line(words, errors.data, LAST_WORDS_BYTES);
    }
    bytes_free(&path);
    bytes_free(&text);
    bytes_free(&errors);
}

void browser_end(struct browser_process *browser)
{
    struct process_tree tree = {0};
    if (browser->pid > 0 && !browser->has_ended) {
        process_tree_read(&tree, browser->pid);
        kill(browser->pid, SIGTERM);
        if (!child_wait(browser->pid, CLOSE_TIMEOUT_NS, &browser->status))
            browser->status = child_kill(browser->pid);
    }
    /* What it left behind was its own, and the number of a process is not taken anew so soon. */
    for (int k = 1; k < tree.count; k++)
        kill(tree.processes[k].pid, SIGKILL);
    /* A process that was killed takes a moment to be. */
    for (int k = 1, looks = 0; k < tree.count && looks < END_LOOKS; looks++) {
        while (k < tree.count && process_has_ended(tree.processes[k].pid))
            k++;
        if (k < tree.count)
            sleep_ns(END_LOOK_EVERY_NS);
    }
    browser->pid = -1;
    browser->has_ended = false;
    if (browser->folder != NULL)
        remove_folder(browser->folder);
    free(browser->folder);
    browser->folder = NULL;
    settings_free(&browser->settings);
}

void browser_remove_stale_profiles(const char *run_folder)
{
    DIR *folder = opendir(run_folder);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        char *end;
        if (strncmp(entry->d_name, PROFILE_PREFIX, strlen(PROFILE_PREFIX)) != 0)
            continue;
        long long pid = strtoll(entry->d_name + strlen(PROFILE_PREFIX), &end, 10);
        struct bytes holder = {0}, path = {0};
        bytes_format(&holder, "/proc/%lld", pid);
        bytes_format(&path, "%s/%s", run_folder, entry->d_name);
        if (pid > 0 && *end == '-' && access(holder.data, F_OK) != 0)
            remove_folder(path.data);
        bytes_free(&holder);
        bytes_free(&path);
    }
    if (folder != NULL)
        closedir(folder);
}
