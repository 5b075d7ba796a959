/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds the loader's information in memory and hands it to the parser of
 * its kind. The only file that knows where loaders leave it.
 */
#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/boot-info.h"
#include "hypervisor/x86/early-map.h"

#define MB1_LOADER_MAGIC 0x2badb002
#define MB2_LOADER_MAGIC 0x36d76289
#define MB2_SIZE_MAX MB(1)

int boot_info_read(uint32_t magic, uint32_t maddr, struct boot_info *bi)
{
    const uint32_t *info = early_map_read(maddr, PAGE_SIZE);
    uint32_t size;
    int rc = -EINVAL;

    if (!info)
        return -EINVAL;
    memset(bi, 0, sizeof(*bi));
    switch (magic) {
    case MB1_LOADER_MAGIC:
        rc = multiboot1_parse(info, bi, early_map_read);
        break;
    case MB2_LOADER_MAGIC:
        size = info[0];
        if (size > MB2_SIZE_MAX)
            return -E2BIG;
        info = early_map_read(maddr, size);
        if (info)
            rc = multiboot2_parse(info, size, bi);
        break;
    default:
        break;
    }
    if (!rc)
        boot_info_strip_names(bi);
    return rc;
}
