/* What is known of an arm, as text by name: what is told later of the same name takes its place. */
#ifndef BAKEOFF_SETTINGS_H
#define BAKEOFF_SETTINGS_H

#include "json/json_writer.h"
#include "platform/failure.h"

#define SETTINGS_MAX 96

/* Names as in devices/browsers/settings_names.py. */
#define SETTING_USER_AGENT "user_agent"
#define SETTING_CROSS_ORIGIN_ISOLATED "cross_origin_isolated"
#define SETTING_CLOCK_STEP_NS "clock_step_ns"
#define SETTING_SITE_ISOLATED "site_isolated"
#define SETTING_FRAME_HOST "frame_host"
#define SETTING_ENGINE_START_NS "engine_start_ns"
#define SETTING_SESSION_NS "session_ns"
#define SETTING_MODEL_FETCH_NS "model_fetch_ns"
#define SETTING_MODEL_BYTES "model_bytes"
#define SETTING_ENGINE_BYTES "engine_bytes"
#define SETTING_ENGINE_FILES "engine_files"
#define SETTING_BROWSER_FLAGS "browser_flags"
#define SETTING_HEADLESS "headless"
#define SETTING_SANDBOX "sandbox"
#define SETTING_AFFINITY "affinity"

struct settings {
    int count;
    struct {
        char *name;
        char *value;
    } each[SETTINGS_MAX];
};

/* What there is no room for is left out. */
void settings_set(struct settings *settings, const char *name, const char *value);
void settings_set_integer(struct settings *settings, const char *name, int64_t value);
void settings_set_all(struct settings *settings, const struct settings *others);

/* The texts of a member that a page gave names. */
bool settings_take(struct settings *settings, const struct json_value *answer, const char *member, struct failure *failure);

/* As a member `settings`. */
void settings_write(struct json_writer *writer, const struct settings *settings);

void settings_free(struct settings *settings);

#endif
