/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the files of hvm/dom0/ only; boot, except where said otherwise. What
 * goes wrong ends the boot. */
#pragma once

#include "hvm/base/hvm.h"
#include "hvm/dom0/build.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/mm/e820.h"
#include "hypervisor/x86/acpi-tables.h"

/* Ends the boot with a sentence, as cannot_start() does. */
#define dom0_cannot_start(...) cannot_start("domain 0: " __VA_ARGS__)

/* The same if a step failed, of which rc is the error. */
static inline void dom0_need(int rc, const char *what)
{
    if (rc)
        dom0_cannot_start("%s (error %d)", what, -rc);
}

#define NEED_DEVICES "its devices cannot be set up"

/* ---- memory.c: how much, and which ---- */

/* dom0_mem=: each amount is pages plus a part of all there is. */
struct dom0_amount {
    int64_t pages;          /* negative: all but these */
    unsigned int percent;
};
struct dom0_mem {
    struct dom0_amount size, min, max; /* not given: 0, 0, endless */
};

/* -EINVAL. */
int dom0_mem_parse(const char *s, struct dom0_mem *m);
/* Pages for domain 0 of `avail`, of which Lodge must keep `keep`; *limit: that
 * it may be grown to later. */
uint64_t dom0_mem_pages(const struct dom0_mem *m, uint64_t avail,
                        uint64_t keep, uint64_t *limit);

/* Domain 0's RAM, sorted, disjoint, whole pages. */
extern struct mem_map dom0_ram;

/* Takes the RAM and maps it. */
void dom0_take_memory(struct domain *d, const struct boot_info *bi);
/* True if all of [start, end) is domain 0's RAM. */
bool dom0_has_ram(uint64_t start, uint64_t end);

/* ---- acpi.c ---- */

#define DOM0_ACPI_SIZE 8192u

/* Builds RSDP (at the start), XSDT and MADT in buf, DOM0_ACPI_SIZE bytes,
 * aligned to 16, which will be at gpa. */
void dom0_make_acpi(const struct acpi_info *acpi, uint8_t *buf, uint64_t gpa,
                    unsigned int vcpus);

/* ---- load.c ---- */

/* What the first vCPU needs. */
struct dom0_entry {
    uint32_t eip, start_info;
};

/* Loads kernel, initial RAM disk and all that the start information points
 * to. What memory of modules domain 0 did not get is free then. */
struct dom0_entry dom0_load(struct domain *d, const struct boot_info *bi);
/* The kernel's command line out of a module's string, without what names the
 * file; out has `size` bytes. */
void dom0_command_line(const char *module, char *out, unsigned int size);

/* ---- devices.c ---- */

/* Its ports, and what of them and of device memory is watched. */
void dom0_open_devices(struct domain *d);
