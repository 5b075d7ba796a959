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
#define DAYS_TO_1970 719468 /* from March 1st of year 0 */

struct reading {
    uint8_t second, minute, hour, day, month, year;
};

static uint8_t reg(uint8_t index)
{
    outb(CMOS_INDEX, index);
    return inb(CMOS_DATA);
}

static struct reading read_once(void)
{
    for (unsigned int i = 0; i < UPDATE_SPINS; i++)
        if (!(reg(REG_STATUS_A) & UPDATING))
            break;
    return (struct reading){ reg(0), reg(2), reg(4), reg(7), reg(8), reg(9) };
}

static unsigned int value(uint8_t raw, uint8_t status)
{
    return status & FORMAT_BINARY ? raw : (raw >> 4) * 10u + (raw & 15);
}

uint64_t cmos_read(void)
{
    struct reading r = read_once(), again;
    uint8_t status = reg(REG_STATUS_B);
    unsigned int hour, year, day, month;
    uint64_t days;

    for (unsigned int i = 0; i < TRIES; i++) {
        again = read_once();
        if (!memcmp(&r, &again, sizeof(r)))
            break;
        r = again;
    }
    hour = value(r.hour & (uint8_t)~PM, status);
    if (!(status & FORMAT_24H))
        hour = hour % 12 + (r.hour & PM ? 12 : 0);
    month = value(r.month, status);
    day = value(r.day, status);
    year = 2000 + value(r.year, status);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23)
        return 0;
    /* Years from March on: the leap day is a year's last. */
    if (month <= 2) {
        month += 12;
        year--;
    }
    days = 365 * year + year / 4 - year / 100 + year / 400 +
           (153 * (month - 3) + 2) / 5 + day - 1 - DAYS_TO_1970;
    return days * 86400 + hour * 3600 + value(r.minute, status) * 60 +
           value(r.second, status);
}
