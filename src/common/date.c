/* See date.h. */
#include "common/date.h"

#include <stdbool.h>

/*
 * Years are counted from March, so that the leap day is a year's last; 400 of them have 146,097 days.
 */
struct date date_of(int64_t seconds)
{
    int64_t shifted = seconds / 86400 + 719468; /* days from 0000-03-01 */
    int rest = (int)(seconds % 86400);
    int64_t era = shifted / 146097, in_era = shifted % 146097;
    int64_t years = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * years + years / 4 - years / 100);
    int64_t from_march = (5 * in_year + 2) / 153;
    int month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);

    return (struct date){
        .year = (int)(era * 400 + years + (month <= 2 ? 1 : 0)),
        .month = month,
        .day = (int)(in_year - (153 * from_march + 2) / 5 + 1),
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
    };
}

struct date date_add_years(struct date date, int years)
{
    date.year += years;
    bool leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
    if (date.month == 2 && date.day == 29 && !leap) {
        date.day = 28;
    }
    return date;
}
