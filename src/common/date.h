/*
 * Dates in UTC, without the C library: gmtime_r() takes a lock that a fork does not give back, so that a child
 * might wait for ever for a thread that it does not have.
 */
#ifndef HUKS_COMMON_DATE_H
#define HUKS_COMMON_DATE_H

#include <stdint.h>

struct date {
    int year, month, day; /* month and day from 1 */
    int hour, minute, second;
};

/* The Gregorian date of a moment in seconds since 1970, not before it. */
struct date date_of(int64_t seconds);

/* The same day and hour so many years later; of a leap day, the day before where there is none. */
struct date date_add_years(struct date date, int years);

#endif
