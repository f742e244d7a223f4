#include "platform/clock.h"

void sleep_ns(int64_t duration_ns)
{
    int64_t end_ns = clock_ns() + duration_ns;
    for (int64_t left_ns = duration_ns; left_ns > 0; left_ns = end_ns - clock_ns()) {
        struct timespec pause = {(time_t)(left_ns / 1000000000), (long)(left_ns % 1000000000)};
        nanosleep(&pause, NULL);
    }
}

void utc_text(char text[32])
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t seconds = (int64_t)now.tv_sec % 86400, days = (int64_t)now.tv_sec / 86400;
    /* Days since 1970 to a date of the Gregorian calendar, counted in eras of 400 years that begin on 1 March. */
    int64_t shifted = days + 719468, era = shifted / 146097, day_of_era = shifted % 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    int month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    int day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    int year = (int)(year_of_era + era * 400 + (month <= 2));
    snprintf(text, 32, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day, (int)(seconds / 3600),
             (int)(seconds / 60 % 60), (int)(seconds % 60));
}
