/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads ELF files of x86 kernels, 32 or 64 bits: segments and notes. (System V
 * ABI, "Object Files"; the note's layout is in "Note Section".) The file is
 * not trusted: everything is checked against its size, nothing is written.
 */
#pragma once

#include "hypervisor/lib/util.h"

#define ELF_PT_LOAD 1
#define ELF_PT_NOTE 4

struct elf {
    const uint8_t *image;
    size_t size;
    bool is_64;
    uint64_t segments;      /* offset of the program headers, */
    unsigned int nr_segments;
    unsigned int entry_size; /* of one of them */
};

/* As it is in a file of 64 bits. */
struct elf_segment {
    uint32_t type, flags;   /* ELF_PT_* */
    uint64_t offset;        /* in the image: filesz bytes */
    uint64_t vaddr, paddr;
    uint64_t filesz, memsz; /* memsz >= filesz if loaded; the rest is zero */
    uint64_t align;
};

/*
 * Looks at a file in memory, which must stay where it is. -ENOEXEC if it is no
 * ELF executable for x86, -EINVAL if it contradicts itself.
 */
int __must_check elf_open(struct elf *e, const void *image, size_t size);

/* Segment i, i < nr_segments: -EINVAL if it is not within the file or wraps
 * around the end of the address space. */
int __must_check elf_segment(const struct elf *e, unsigned int i,
                             struct elf_segment *s);

/* The physical addresses [start, end) that all PT_LOAD segments cover.
 * -EINVAL as above, or if there are none. */
int __must_check elf_load_range(const struct elf *e, uint64_t *start,
                                uint64_t *end);

/* Copies the first note of this type that has the name "Xen", as much of it as
 * there is room for; returns how much, or -ENOENT. */
int __must_check elf_xen_note(const struct elf *e, uint32_t type, void *to,
                              size_t size);
