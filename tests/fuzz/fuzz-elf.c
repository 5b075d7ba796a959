/* sources: hypervisor/lib/elf.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes as an ELF file: whatever the reader says is there must be in the
 * file, which ends where ASan sees it. */
#include <stdlib.h>
#include <string.h>

#include "hypervisor/abi/elfnote.h"
#include "hypervisor/lib/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static volatile uint8_t sink;

static void touch(const void *data, size_t n)
{
    const uint8_t *p = data;

    if (n) {
        sink = p[0];
        sink = p[n - 1];
    }
}

static void read_all(const struct elf *e)
{
    uint64_t start, end, note[2];
    struct elf_segment s;

    for (unsigned int i = 0; i < e->nr_segments; i++)
        if (!elf_segment(e, i, &s)) {
            touch(e->image + s.offset, s.filesz);
            if (s.type == ELF_PT_LOAD && s.filesz > s.memsz)
                abort();
        }
    if (!elf_load_range(e, &start, &end) && start >= end)
        abort();
    for (uint32_t type = 0; type <= XEN_ELFNOTE_MAX; type++)
        if (elf_xen_note(e, type, note, sizeof(note)) > (int)sizeof(note))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    /* Half of the inputs get a head that is right, to reach further. */
    static const uint8_t head[20] = {
        0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 62, 0,
    };
    uint8_t *file = malloc(size ? size : 1);
    struct elf e;

    memcpy(file, input, size);
    if (size > 64 && input[size - 1] & 1) {
        memcpy(file, head, sizeof(head));
        if (input[size - 1] & 2) {
            file[4] = 1;
            file[18] = 3;
        }
    }
    if (!elf_open(&e, file, size))
        read_all(&e);
    free(file);
    return 0;
}
