/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the MC146818 clock (data sheet) twice until both readings agree. */
#include "hypervisor/x86/cmos.h"

#include "hypervisor/cpu/io.h"
#include "hypervisor/lib/string.h"

#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define REG_STATUS_A 0x0a
#define REG_STATUS_B 0x0b
#define UPDATING 0x80
#define FORMAT_24H 0x02
#define FORMAT_BINARY 0x04
#define PM 0x80
#define UPDATE_SPINS 100000
#define TRIES 4

struct reading {
    uint8_t second, minute, hour, day, month, year, century;
};

static uint8_t reg(uint8_t index)
{
    outb(CMOS_INDEX, index);
    return inb(CMOS_DATA);
}

static struct reading read_once(uint8_t century)
{
    struct reading r;

    for (unsigned int i = 0; i < UPDATE_SPINS; i++)
        if (!(reg(REG_STATUS_A) & UPDATING))
            break;
    r = (struct reading){ reg(0), reg(2), reg(4), reg(7), reg(8), reg(9),
                          century ? reg(century & 0x7f) : 0 };
    return r;
}

static unsigned int value(uint8_t raw, uint8_t status)
{
    return status & FORMAT_BINARY ? raw : (raw >> 4) * 10u + (raw & 15);
}

int64_t days_from_date(int64_t year, unsigned int month, unsigned int day)
{
    /* Years from March on: the leap day is a year's last. */
    int64_t y = month > 2 ? year : year - 1;
    unsigned int m = month > 2 ? month - 3 : month + 9;
    int64_t leap_days = y / 4 - y / 100 + y / 400;

    return 365 * y + leap_days + (153 * m + 2) / 5 + day - 1 - 719468;
}

uint64_t cmos_read(uint8_t century)
{
    struct reading r = read_once(century), again;
    uint8_t status = reg(REG_STATUS_B);
    unsigned int hour, year, day, month;
    int64_t days;

    for (unsigned int i = 0; i < TRIES; i++) {
        again = read_once(century);
        if (!memcmp(&r, &again, sizeof(r)))
            break;
        r = again;
    }
    hour = value(r.hour & (uint8_t)~PM, status);
    if (!(status & FORMAT_24H))
        hour = hour % 12 + (r.hour & PM ? 12 : 0);
    month = value(r.month, status);
    day = value(r.day, status);
    year = value(r.year, status);
    if (century && value(r.century, status) >= 19 &&
        value(r.century, status) <= 30)
        year += 100 * value(r.century, status);
    else
        year += year < 70 ? 2000 : 1900;
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23)
        return 0;
    days = days_from_date(year, month, day);
    if (days < 0)
        return 0;
    return (uint64_t)days * 86400 + hour * 3600 +
           value(r.minute, status) * 60 + value(r.second, status);
}
