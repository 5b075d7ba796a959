/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads ELF files of x86 kernels, 32 or 64 bits: segments and notes. (System V
 * ABI, "Object Files"; the note's layout is in "Note Section".) The file is
 * not trusted: everything is checked against its size, nothing is written.
 */
#ifndef LODGE_LIB_ELF_H
#define LODGE_LIB_ELF_H

#include "hypervisor/lib/util.h"

#define ELF_PT_LOAD 1
#define ELF_PT_NOTE 4

#define ELF_PF_X BIT(0)
#define ELF_PF_W BIT(1)
#define ELF_PF_R BIT(2)

struct elf {
    const uint8_t *image;
    size_t size;
    bool is_64;
    uint64_t entry;         /* virtual address */
    uint64_t segments;      /* offset of the program headers, */
    unsigned int nr_segments;
    unsigned int entry_size; /* of one of them */
};

struct elf_segment {
    uint32_t type, flags;   /* ELF_PT_*, ELF_PF_* */
    uint64_t vaddr, paddr;
    uint64_t mem_size;      /* >= file_size; the rest is zero */
    const void *data;       /* file_size bytes in the image */
    size_t file_size;
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
                             struct elf_segment *out);

/* The physical addresses [start, end) that all PT_LOAD segments cover.
 * -EINVAL as above, or if there are none. */
int __must_check elf_load_range(const struct elf *e, uint64_t *start,
                                uint64_t *end);

/* The first note with this name and type: -ENOENT; its contents are in the
 * image, with any alignment. */
int __must_check elf_note(const struct elf *e, const char *name, uint32_t type,
                          const void **data, size_t *size);
/* The same for a note that is a number, of 4 or 8 bytes; else -EINVAL. */
int __must_check elf_note_number(const struct elf *e, const char *name,
                                 uint32_t type, uint64_t *value);

#endif
