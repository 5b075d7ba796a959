/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ELF notes by which a kernel says how it wants to be started: type numbers of
 * notes named "Xen" in a PT_NOTE segment. Numbers are 4 or 8 bytes by the
 * note's size, strings end in a NUL.
 */
#pragma once

#define XEN_ELFNOTE_GUEST_OS            6   /* string */
#define XEN_ELFNOTE_LOADER              8   /* string */
#define XEN_ELFNOTE_INIT_P2M            15
#define XEN_ELFNOTE_PHYS32_ENTRY        18  /* PVH entry point */
#define XEN_ELFNOTE_PHYS32_RELOC        19  /* align, min, max: 0-3 u32 */
#define XEN_ELFNOTE_MAX                 XEN_ELFNOTE_PHYS32_RELOC
