/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical memory with ACPI tables in it, for tests of x86/acpi-tables.c.
 * Every mapping is a copy of just the size asked for, so that
 * AddressSanitizer sees a read beyond it.
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_PHYS 0xe0000u /* the BIOS area, then some */
#define IMAGE_BYTES 0x60000u
#define IMAGE_MAPS 4096

static uint8_t image[IMAGE_BYTES];
static uint32_t image_used;
static void *image_maps[IMAGE_MAPS];
static unsigned int image_nr_maps;

static void image_reset(void)
{
    while (image_nr_maps)
        free(image_maps[--image_nr_maps]);
    memset(image, 0, sizeof(image));
    image_used = 0;
}

const void *early_map_read(uint64_t maddr, size_t size)
{
    void *p;

    if (maddr < IMAGE_PHYS || maddr - IMAGE_PHYS > IMAGE_BYTES ||
        size > IMAGE_BYTES - (maddr - IMAGE_PHYS) ||
        image_nr_maps == IMAGE_MAPS)
        return NULL;
    p = malloc(size ? size : 1);
    memcpy(p, image + (maddr - IMAGE_PHYS), size);
    image_maps[image_nr_maps++] = p;
    return p;
}

static void image_sum(uint8_t *p, size_t n, size_t at)
{
    uint8_t sum = 0;

    p[at] = 0;
    for (size_t i = 0; i < n; i++)
        sum = (uint8_t)(sum + p[i]);
    p[at] = (uint8_t)-sum;
}

/* Puts a table with this body at the next free place; its address. */
static uint64_t image_table(const char *signature, const void *body,
                            uint32_t n)
{
    uint8_t *p = image + image_used;
    uint32_t size = 36 + n;
    uint64_t maddr = IMAGE_PHYS + image_used;

    if (size > IMAGE_BYTES - image_used)
        return 0;
    memcpy(p, signature, 4);
    memcpy(p + 4, &size, 4);
    p[8] = 6;
    memcpy(p + 36, body, n);
    image_sum(p, size, 9);
    image_used += (size + 15) & ~15u;
    return maddr;
}

/* An RSDP of revision 2, or 0 when xsdt is 0. */
static void image_rsdp(uint8_t rsdp[36], uint64_t rsdt, uint64_t xsdt)
{
    uint32_t size = 36, rsdt32 = (uint32_t)rsdt;

    memset(rsdp, 0, 36);
    memcpy(rsdp, "RSD PTR ", 8);
    rsdp[15] = xsdt ? 2 : 0;
    memcpy(rsdp + 16, &rsdt32, 4);
    memcpy(rsdp + 20, &size, 4);
    memcpy(rsdp + 24, &xsdt, 8);
    image_sum(rsdp, 20, 8);
    image_sum(rsdp, 36, 32);
}
