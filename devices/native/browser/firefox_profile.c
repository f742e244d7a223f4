#include "browser/firefox_profile.h"

void firefox_add_preferences(struct bytes *text)
{
    /* The same as in devices/python_runner/browser/program.py. */
    static const struct {
        const char *name;
        const char *value; /* as in JavaScript */
    } preferences[] = {
        {"app.normandy.enabled", "false"},
        {"app.update.auto", "false"},
        {"app.update.background.scheduling.enabled", "false"},
        {"browser.aboutwelcome.enabled", "false"},
        {"browser.dom.window.dump.enabled", "false"},
        {"browser.newtabpage.enabled", "false"},
        {"browser.safebrowsing.downloads.remote.enabled", "false"},
        {"browser.safebrowsing.malware.enabled", "false"},
        {"browser.safebrowsing.phishing.enabled", "false"},
        {"browser.sessionstore.resume_from_crash", "false"},
        {"browser.shell.checkDefaultBrowser", "false"},
        {"browser.startup.homepage_override.mstone", "\"ignore\""},
        {"browser.startup.page", "0"},
        {"browser.tabs.warnOnClose", "false"},
        {"datareporting.healthreport.uploadEnabled", "false"},
        {"datareporting.policy.dataSubmissionEnabled", "false"},
        {"dom.max_script_run_time", "0"},
        {"dom.webgpu.enabled", "true"},
        {"extensions.update.enabled", "false"},
        {"network.captive-portal-service.enabled", "false"},
        {"network.connectivity-service.enabled", "false"},
        {"network.dns.disablePrefetch", "true"},
        {"network.prefetch-next", "false"},
        {"services.settings.server", "\"data:,\""},
        {"toolkit.telemetry.enabled", "false"},
        {"toolkit.telemetry.unified", "false"},
    };
    for (size_t k = 0; k < sizeof preferences / sizeof *preferences; k++)
        bytes_format(text, "user_pref(\"%s\", %s);\n", preferences[k].name, preferences[k].value);
}
