/* sources: hypervisor/lib/elf.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/* The ELF reader against <elf.h>: a kernel made here, then damaged. */
#include <elf.h>
#include <string.h>

#include "hypervisor/abi/elfnote.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/lib/elf.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

#define NOTES_AT 0x100
#define FILE_SIZE 0x400

static uint8_t file[FILE_SIZE];
static size_t notes_size;

static void note(const char *name, uint32_t type, const void *data, size_t n,
                 size_t align)
{
    Elf64_Nhdr h = { (uint32_t)strlen(name) + 1, (uint32_t)n, type };
    uint8_t *p = file + NOTES_AT + notes_size;

    memcpy(p, &h, sizeof(h));
    memcpy(p + sizeof(h), name, h.n_namesz);
    memcpy(p + ALIGN_UP(sizeof(h) + h.n_namesz, align), data, n);
    notes_size += ALIGN_UP(ALIGN_UP(sizeof(h) + h.n_namesz, align) + n, align);
}

static void notes(size_t align)
{
    notes_size = 0;
    note("GNU", 3, "0123456789", 10, align);
    note("Xen", XEN_ELFNOTE_GUEST_OS, "linux", 6, align);
    note("Xenon", XEN_ELFNOTE_PHYS32_ENTRY, &(uint32_t){ 5 }, 4, align);
    note("Xen", XEN_ELFNOTE_PHYS32_ENTRY, &(uint64_t){ 0x1000230 }, 8, align);
    note("Xen", XEN_ELFNOTE_INIT_P2M, &(uint32_t){ 77 }, 4, align);
}

static Elf64_Ehdr *h64 = (Elf64_Ehdr *)file;
static Elf64_Phdr *p64 = (Elf64_Phdr *)(file + sizeof(Elf64_Ehdr));

static void make_64(size_t align)
{
    memset(file, 0, sizeof(file));
    notes(align);
    *h64 = (Elf64_Ehdr){
        .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1 },
        .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_entry = 0xffffffff81000000,
        .e_phoff = sizeof(*h64), .e_phentsize = sizeof(*p64), .e_phnum = 3,
    };
    p64[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
        .p_offset = 0x200, .p_vaddr = 0xffffffff81000000, .p_paddr = 0x1000000,
        .p_filesz = 0x100, .p_memsz = 0x100, .p_align = 0x200000 };
    p64[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W,
        .p_offset = 0x300, .p_vaddr = 0xffffffff82000000, .p_paddr = 0x2000000,
        .p_filesz = 0x100, .p_memsz = 0x5000 };
    p64[2] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = NOTES_AT,
        .p_filesz = notes_size, .p_align = align };
}

static int number(const struct elf *e, uint32_t type, uint64_t *v)
{
    *v = 0;
    return elf_xen_note(e, type, v, sizeof(*v));
}

static void check_notes(const struct elf *e)
{
    char text[6];
    uint64_t v;

    CHECK_EQ(number(e, XEN_ELFNOTE_PHYS32_ENTRY, &v), 8);
    CHECK_EQ(v, 0x1000230);
    CHECK_EQ(number(e, XEN_ELFNOTE_INIT_P2M, &v), 4);
    CHECK_EQ(v, 77);
    CHECK_EQ(elf_xen_note(e, XEN_ELFNOTE_GUEST_OS, text, 6), 6);
    CHECK(!strcmp(text, "linux"));
    CHECK_EQ(elf_xen_note(e, XEN_ELFNOTE_GUEST_OS, text, 3), 3);
    CHECK_EQ(number(e, XEN_ELFNOTE_LOADER, &v), -ENOENT);
}

static void test_good(void)
{
    struct elf_segment s;
    uint64_t start, end;
    struct elf e;

    make_64(4);
    CHECK_EQ(elf_open(&e, file, FILE_SIZE), 0);
    CHECK(e.is_64);
    CHECK_EQ(e.nr_segments, 3);
    CHECK_EQ(elf_segment(&e, 1, &s), 0);
    CHECK_EQ(s.type, ELF_PT_LOAD);
    CHECK_EQ(s.paddr, 0x2000000);
    CHECK_EQ(s.memsz, 0x5000);
    CHECK(s.offset == 0x300 && s.filesz == 0x100);
    CHECK_EQ(elf_segment(&e, 3, &s), -EINVAL);
    CHECK_EQ(elf_load_range(&e, &start, &end), 0);
    CHECK_EQ(start, 0x1000000);
    CHECK_EQ(end, 0x2005000);
    check_notes(&e);
    make_64(8);
    CHECK_EQ(elf_open(&e, file, FILE_SIZE), 0);
    check_notes(&e);
}

static void test_32(void)
{
    Elf32_Ehdr *h = (Elf32_Ehdr *)file;
    Elf32_Phdr *p = (Elf32_Phdr *)(file + sizeof(*h));
    uint64_t start, end;
    struct elf e;

    memset(file, 0, sizeof(file));
    notes(4);
    *h = (Elf32_Ehdr){
        .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, 1 },
        .e_type = ET_EXEC, .e_machine = EM_386, .e_entry = 0x100000,
        .e_phoff = sizeof(*h), .e_phentsize = sizeof(*p), .e_phnum = 2,
    };
    p[0] = (Elf32_Phdr){ .p_type = PT_LOAD, .p_offset = 0x200,
        .p_vaddr = 0xc0100000, .p_paddr = 0x100000, .p_filesz = 0x10,
        .p_memsz = 0x20, .p_flags = PF_R };
    p[1] = (Elf32_Phdr){ .p_type = PT_NOTE, .p_offset = NOTES_AT,
        .p_filesz = (uint32_t)notes_size, .p_align = 4 };
    CHECK_EQ(elf_open(&e, file, FILE_SIZE), 0);
    CHECK(!e.is_64);
    CHECK_EQ(elf_load_range(&e, &start, &end), 0);
    CHECK_EQ(start, 0x100000);
    CHECK_EQ(end, 0x100020);
    check_notes(&e);
}

/* One thing wrong with the good file: what elf_open() or, if it takes the
 * file, elf_load_range() says. */
#define BAD(change, want)                                                   \
    do {                                                                    \
        struct elf e;                                                       \
        uint64_t start, end;                                                \
        int rc;                                                             \
                                                                            \
        make_64(4);                                                         \
        change;                                                             \
        rc = elf_open(&e, file, FILE_SIZE);                                 \
        if (!rc)                                                            \
            rc = elf_load_range(&e, &start, &end);                          \
        CHECK_EQ(rc, want);                                                 \
    } while (0)

static void test_bad(void)
{
    struct elf e;

    BAD((void)0, 0);
    BAD(file[3] = 'f', -ENOEXEC);
    BAD(h64->e_ident[EI_DATA] = ELFDATA2MSB, -ENOEXEC);
    BAD(h64->e_ident[EI_CLASS] = ELFCLASS32, -ENOEXEC);
    BAD(h64->e_ident[EI_CLASS] = 3, -ENOEXEC);
    BAD(h64->e_machine = EM_AARCH64, -ENOEXEC);
    BAD(h64->e_type = ET_REL, -ENOEXEC);
    BAD(h64->e_phnum = 0, -EINVAL);
    BAD(h64->e_phnum = 0xffff, -EINVAL);
    BAD(h64->e_phnum = 30, -EINVAL);
    BAD(h64->e_phentsize = 55, -EINVAL);
    BAD(h64->e_phoff = FILE_SIZE - 100, -EINVAL);
    BAD(h64->e_phoff = ~0ull - 10, -EINVAL);
    BAD(p64[0].p_offset = FILE_SIZE - 0xff, -EINVAL);
    BAD(p64[0].p_offset = ~0ull - 4, -EINVAL);
    BAD(p64[0].p_filesz = ~0ull, -EINVAL);
    BAD(p64[0].p_memsz = 0xff, -EINVAL);
    BAD(p64[0].p_paddr = ~0ull - 0x80, -EINVAL);
    BAD((p64[0].p_type = PT_NULL, p64[1].p_type = PT_NULL), -EINVAL);

    make_64(4);
    for (size_t size = 0; size < sizeof(*h64); size++)
        CHECK(elf_open(&e, file, size) < 0);
}

static void test_bad_notes(void)
{
    Elf64_Nhdr *first = (Elf64_Nhdr *)(file + NOTES_AT);
    struct elf e;
    uint64_t v;

    make_64(4);
    CHECK_EQ(elf_open(&e, file, FILE_SIZE), 0);
    first->n_namesz = ~0u;
    CHECK_EQ(number(&e, XEN_ELFNOTE_PHYS32_ENTRY, &v), -ENOENT);
    first->n_namesz = 4;
    first->n_descsz = ~0u;
    CHECK_EQ(number(&e, XEN_ELFNOTE_PHYS32_ENTRY, &v), -ENOENT);
    first->n_descsz = 10;
    p64[2].p_filesz -= 4; /* cuts the last one */
    CHECK_EQ(number(&e, XEN_ELFNOTE_INIT_P2M, &v), -ENOENT);
    CHECK_EQ(number(&e, XEN_ELFNOTE_PHYS32_ENTRY, &v), 8);
}

int main(void)
{
    test_good();
    test_32();
    test_bad();
    test_bad_notes();
    return test_result();
}
