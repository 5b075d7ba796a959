/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads ELF files. Pure; every offset of the file is compared with its size
 * before it is used, in a form that cannot overflow. Fields are copied out,
 * because nothing in a file need be aligned.
 */
#include "hypervisor/lib/elf.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/string.h"

enum { CLASS_32 = 1, CLASS_64 = 2 };
enum { TYPE_EXEC = 2, TYPE_DYN = 3 };
enum { MACHINE_386 = 3, MACHINE_X86_64 = 62 };
#define DATA_LITTLE_ENDIAN 1
#define SEGMENTS_MAX 1024

/* How a file's header begins. Behind that are, at places that depend on the
 * class, e_phoff and two neighbours: e_phentsize and e_phnum. */
struct header {
    uint8_t magic[4], class, data, version, pad[9];
    uint16_t type, machine;
};
#define SEGMENTS_AT(is_64) ((is_64) ? 32 : 28)
#define COUNTS_AT(is_64) ((is_64) ? 54 : 42)

struct segment32 {
    uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
_Static_assert(sizeof(struct segment32) == 32, "Elf32_Phdr");
_Static_assert(sizeof(struct elf_segment) == 56, "Elf64_Phdr");

struct note {
    uint32_t name_size, data_size, type;
};

/* Copies n bytes at offset; false if they are not all in the file. */
static bool read(const struct elf *e, uint64_t offset, void *to, size_t n)
{
    if (offset > e->size || n > e->size - offset)
        return false;
    memcpy(to, e->image + offset, n);
    return true;
}

int elf_open(struct elf *e, const void *image, size_t size)
{
    struct header h;
    uint16_t counts[2];

    *e = (struct elf){ .image = image, .size = size };
    if (!read(e, 0, &h, sizeof(h)) || memcmp(h.magic, "\177ELF", 4))
        return -ENOEXEC;
    e->is_64 = h.class == CLASS_64;
    if (h.data != DATA_LITTLE_ENDIAN ||
        (h.class != CLASS_64 && h.class != CLASS_32) ||
        (h.type != TYPE_EXEC && h.type != TYPE_DYN) ||
        h.machine != (e->is_64 ? MACHINE_X86_64 : MACHINE_386))
        return -ENOEXEC;
    if (!read(e, SEGMENTS_AT(e->is_64), &e->segments, e->is_64 ? 8 : 4) ||
        !read(e, COUNTS_AT(e->is_64), counts, sizeof(counts)))
        return -EINVAL;
    e->entry_size = counts[0];
    e->nr_segments = counts[1];
    if (!e->nr_segments || e->nr_segments > SEGMENTS_MAX ||
        e->entry_size < (e->is_64 ? sizeof(struct elf_segment)
                                  : sizeof(struct segment32)) ||
        e->segments > size ||
        (uint64_t)e->nr_segments * e->entry_size > size - e->segments)
        return -EINVAL;
    return 0;
}

int elf_segment(const struct elf *e, unsigned int i, struct elf_segment *s)
{
    uint64_t offset = e->segments + (uint64_t)i * e->entry_size;
    struct segment32 s32;

    /* elf_open() has seen that all of them are in the file. */
    if (i >= e->nr_segments ||
        !(e->is_64 ? read(e, offset, s, sizeof(*s))
                   : read(e, offset, &s32, sizeof(s32))))
        return -EINVAL;
    if (!e->is_64)
        *s = (struct elf_segment){
            .type = s32.type, .offset = s32.offset, .paddr = s32.paddr,
            .filesz = s32.filesz, .memsz = s32.memsz, .align = s32.align,
        };
    if (s->offset > e->size || s->filesz > e->size - s->offset ||
        (s->type == ELF_PT_LOAD &&
         (s->memsz < s->filesz || s->paddr + s->memsz < s->paddr)))
        return -EINVAL;
    return 0;
}

int elf_load_range(const struct elf *e, uint64_t *start, uint64_t *end)
{
    struct elf_segment s;

    *start = ~0ull;
    *end = 0;
    for (unsigned int i = 0; i < e->nr_segments; i++) {
        int rc = elf_segment(e, i, &s);

        if (rc)
            return rc;
        if (s.type != ELF_PT_LOAD || !s.memsz)
            continue;
        *start = MIN(*start, s.paddr);
        *end = MAX(*end, s.paddr + s.memsz);
    }
    return *start < *end ? 0 : -EINVAL;
}

int elf_xen_note(const struct elf *e, uint32_t type, void *to, size_t size)
{
    struct elf_segment s;
    struct note n;
    size_t next;

    for (unsigned int i = 0; i < e->nr_segments; i++) {
        if (elf_segment(e, i, &s) || s.type != ELF_PT_NOTE)
            continue;
        const uint8_t *data = e->image + s.offset;
        for (size_t at = 0; at + sizeof(n) <= s.filesz; at = next) {
            size_t align = s.align == 8 ? 8 : 4, name = at + sizeof(n), desc;

            /* Sizes have 32 bits: no sum overflows. */
            memcpy(&n, data + at, sizeof(n));
            desc = ALIGN_UP(name + n.name_size, align);
            next = ALIGN_UP(desc + n.data_size, align);
            if (desc + n.data_size > s.filesz)
                break; /* what is left is no note */
            if (n.type != type || n.name_size != sizeof("Xen") ||
                memcmp(data + name, "Xen", sizeof("Xen")))
                continue;
            size = MIN(size, (size_t)n.data_size);
            memcpy(to, data + desc, size);
            return (int)size;
        }
    }
    return -ENOENT;
}
