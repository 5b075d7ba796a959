/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads domain 0's kernel by the PVH protocol (docs of Xen's "x86/HVM direct
 * boot ABI"): ELF segments, initial RAM disk, start information, ACPI
 * tables. The modules' memory is domain 0's already (memory.c); what lies
 * where the kernel goes is moved away first.
 */
#include "hvm/dom0/dom0-impl.h"

#include "hvm/base/hvm.h"
#include "hvm/mem/guest-copy.h"
#include "hypervisor/abi/elfnote.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/xen.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/elf.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/boot-info.h"

#define CMDLINE_SIZE 2048u

/* What Linux says in PHYS32_RELOC when it says nothing more. */
#define RELOC_ALIGN MB(2)

enum { MODULE_KERNEL, MODULE_INITRD, MODULES };

/* Places of the things that must not overlap, by what they are. */
enum { PLACE_KERNEL, PLACE_MODULE, PLACES = PLACE_MODULE + MODULES };

struct loader {
    struct domain *d;
    struct mem_region place[PLACES]; /* empty: nothing there */
    uint64_t size[MODULES];          /* bytes of the modules */
    struct elf elf;
    uint64_t entry;
    uint64_t offset;                 /* loaded that far above p_paddr */
};

static uint8_t acpi_tables[DOM0_ACPI_SIZE] __aligned(16);

/* ---- the command line ----------------------------------------------------- */

/* Some loaders pass the file's name; GRUB's users write a placeholder, which
 * GRUB does or does not drop. */
static bool names_file(const char *word, size_t n)
{
    return word[0] == '/' || word[0] == '(' ||
           (n == 11 && !strncmp(word, "placeholder", 11));
}

/* Does the line have an option of this name? */
static bool has_option(const char *line, const char *name)
{
    const char *at = line;

    while ((at = strstr(at, name)) != NULL) {
        if (at == line || at[-1] == ' ')
            return true;
        at++;
    }
    return false;
}

void dom0_command_line(const char *module, bool iommu, char *out,
                       unsigned int size)
{
    static const char bounce[] = " swiotlb=force";
    const char *p = module;
    size_t word = 0, n;

    while (*p == ' ')
        p++;
    while (p[word] && p[word] != ' ')
        word++;
    if (word && names_file(p, word)) {
        p += word;
        while (*p == ' ')
            p++;
    }
    n = strnlen(p, size - sizeof(bounce));
    while (n && p[n - 1] == ' ')
        n--;
    memcpy(out, p, n);
    out[n] = '\0';
    /* A page mapped from a guest is not where a device would look for it. */
    if (!iommu && !has_option(out, "swiotlb="))
        memcpy(out + n, n ? bounce : bounce + 1, sizeof(bounce) - !n);
}

/* ---- the kernel ----------------------------------------------------------- */

static int open_kernel(struct loader *l, const void *image)
{
    uint64_t start, end;
    int rc = elf_open(&l->elf, image, l->size[MODULE_KERNEL]);

    if (rc) {
        dom0_error("the first module is no ELF file for x86: Lodge takes a "
                   "kernel as vmlinux, not as bzImage (lodge-extract-vmlinux "
                   "makes one)");
        return -ENOEXEC;
    }
    rc = elf_xen_note(&l->elf, XEN_ELFNOTE_PHYS32_ENTRY, &l->entry,
                      sizeof(l->entry));
    if (rc != 4 && rc != 8) {
        dom0_error("the kernel has no PVH entry point (ELF note "
                   "PHYS32_ENTRY): it needs CONFIG_PVH and CONFIG_XEN_PVH");
        return -ENOEXEC;
    }
    rc = elf_load_range(&l->elf, &start, &end);
    if (rc || end > GB(4) || l->entry < start || l->entry >= end) {
        dom0_error("the kernel's ELF segments are broken");
        return -ENOEXEC;
    }
    l->place[PLACE_KERNEL] = (struct mem_region){
        ALIGN_DOWN(start, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE), 0 };
    return 0;
}

static uint64_t region_size(const struct mem_region *r)
{
    return r->end - r->start;
}

/* Finds another place for a kernel that can run there. */
static int relocate(struct loader *l)
{
    struct mem_region *k = &l->place[PLACE_KERNEL];
    uint64_t align = RELOC_ALIGN, min = MB(16), max = GB(1) - 1, to;
    uint32_t words[3];
    int size = elf_xen_note(&l->elf, XEN_ELFNOTE_PHYS32_RELOC, words,
                            sizeof(words));

    if (size < 0) {
        dom0_error("the kernel wants memory at %#lx-%#lx, which domain 0 "
                   "does not have, and cannot be moved", k->start, k->end);
        return -ENOMEM;
    }
    if (size >= 4)
        align = words[0];
    if (size >= 8)
        min = words[1];
    if (size >= 12)
        max = words[2];
    if (!align || (align & (align - 1)))
        align = RELOC_ALIGN;
    to = dom0_find_space(MAX(min, MB(1)), MIN(max + 1, GB(4)),
                         region_size(k), MAX(align, PAGE_SIZE), NULL, 0);
    if (!to) {
        dom0_error("there is too little memory for the kernel: it needs %lu "
                   "MiB in one piece", region_size(k) >> 20);
        return -ENOMEM;
    }
    l->offset = to - k->start;
    l->entry += l->offset;
    k->end += l->offset;
    k->start = to;
    log_info("Domain 0: kernel moved to %#lx\n", to);
    return 0;
}

static int zero(struct domain *d, uint64_t at, uint64_t n)
{
    static const uint8_t zeroes[PAGE_SIZE];

    while (n) {
        uint64_t part = MIN(n, PAGE_SIZE - (at & (PAGE_SIZE - 1)));
        int rc = guest_write_phys(d, gpa(at), zeroes, part);

        if (rc)
            return rc;
        at += part;
        n -= part;
    }
    return 0;
}

static int load_segments(struct loader *l)
{
    for (unsigned int i = 0; i < l->elf.nr_segments; i++) {
        struct elf_segment s;
        uint64_t at;

        if (elf_segment(&l->elf, i, &s))
            return -ENOEXEC;
        if (s.type != ELF_PT_LOAD)
            continue;
        at = s.paddr + l->offset;
        if (guest_write_phys(l->d, gpa(at), s.data, s.file_size) ||
            zero(l->d, at + s.file_size, s.mem_size - s.file_size))
            return -ENOMEM;
    }
    return 0;
}

/* ---- modules that are in the way ------------------------------------------ */

static bool hits(const struct mem_region *a, const struct mem_region *b)
{
    return a->start < b->end && b->start < a->end;
}

/* Copies a module to a better place in domain 0's RAM. */
static int move_module(struct loader *l, unsigned int m)
{
    struct mem_region *r = &l->place[PLACE_MODULE + m];
    uint64_t size = l->size[m];
    const void *from;
    uint64_t to = dom0_find_space(MB(1), GB(4), size, PAGE_SIZE, l->place,
                                  PLACES);
    int rc;

    if (!to) {
        dom0_error("there is too little memory below 4 GiB for module %u: it "
                   "needs %lu MiB in one piece", m, (size >> 20) + 1);
        return -ENOMEM;
    }
    from = boot_map(r->start, size);
    if (!from)
        return -ENOMEM;
    rc = guest_write_phys(l->d, gpa(to), from, size);
    boot_unmap(from, size);
    r->start = to;
    r->end = ALIGN_UP(to + size, PAGE_SIZE);
    return rc;
}

static int clear_the_way(struct loader *l)
{
    const struct mem_region *k = &l->place[PLACE_KERNEL];
    const struct mem_region *initrd =
        &l->place[PLACE_MODULE + MODULE_INITRD];
    int rc = 0;

    /* The RAM disk stays where it is for domain 0, so it must be its own. */
    if (l->size[MODULE_INITRD] &&
        (hits(initrd, k) || !dom0_has_ram(initrd->start, initrd->end) ||
         initrd->end > GB(4)))
        rc = move_module(l, MODULE_INITRD);
    if (!rc && hits(&l->place[PLACE_MODULE + MODULE_KERNEL], k))
        rc = move_module(l, MODULE_KERNEL);
    return rc;
}

static int place_kernel(struct loader *l)
{
    const struct mem_region *source =
        &l->place[PLACE_MODULE + MODULE_KERNEL];
    const struct mem_region *k = &l->place[PLACE_KERNEL];
    uint64_t size = l->size[MODULE_KERNEL];
    const void *image = boot_map(source->start, size);
    int rc;

    if (!image)
        return -ENOMEM;
    rc = open_kernel(l, image);
    if (!rc && !dom0_has_ram(k->start, k->end))
        rc = relocate(l);
    boot_unmap(image, size);
    if (!rc)
        rc = clear_the_way(l);
    if (rc)
        return rc;

    image = boot_map(source->start, size);
    if (!image)
        return -ENOMEM;
    rc = elf_open(&l->elf, image, size);
    if (!rc)
        rc = load_segments(l);
    boot_unmap(image, size);
    if (rc)
        dom0_error("the kernel's segments cannot be loaded (error %d)", -rc);
    return rc;
}

/* ---- start information ---------------------------------------------------- */

/* All in one piece, in this order. */
struct start_block {
    struct hvm_start_info info;
    struct hvm_modlist_entry module;
    struct hvm_memmap_table_entry memmap[DOM0_MEMMAP_MAX];
    char cmdline[CMDLINE_SIZE];
};

static struct start_block block;

static int place_acpi(struct loader *l, struct mem_region *at)
{
    const struct mem_region *k = &l->place[PLACE_KERNEL];
    int size;

    at->start = dom0_find_space(k->end, GB(4), DOM0_ACPI_SIZE, PAGE_SIZE,
                                l->place, PLACES);
    if (!at->start)
        return -ENOMEM;
    at->end = at->start + DOM0_ACPI_SIZE;
    size = dom0_make_acpi(&acpi_info, acpi_tables, at->start,
                          l->d->max_vcpus);
    if (size < 0)
        return size;
    return guest_write_phys(l->d, gpa(at->start), acpi_tables,
                            DOM0_ACPI_SIZE);
}

static void fill_block(const struct loader *l, const struct boot_info *bi,
                       uint64_t at, uint64_t rsdp)
{
    const struct mem_region *initrd =
        &l->place[PLACE_MODULE + MODULE_INITRD];

    block.info = (struct hvm_start_info){
        .magic = XEN_HVM_START_MAGIC_VALUE, .version = 1,
        .flags = SIF_INITDOMAIN | SIF_PRIVILEGED,
        .cmdline_paddr = at + offsetof(struct start_block, cmdline),
        .rsdp_paddr = rsdp,
        .memmap_paddr = at + offsetof(struct start_block, memmap),
        .memmap_entries = dom0_memmap_count,
    };
    if (l->size[MODULE_INITRD]) {
        block.info.nr_modules = 1;
        block.info.modlist_paddr = at + offsetof(struct start_block, module);
        block.module = (struct hvm_modlist_entry){
            .paddr = initrd->start, .size = l->size[MODULE_INITRD] };
    }
    memcpy(block.memmap, dom0_memmap, sizeof(block.memmap));
    dom0_command_line(bi->modules[MODULE_KERNEL].cmdline, false,
                      block.cmdline, CMDLINE_SIZE);
    log_info("Domain 0: command line: %s\n", block.cmdline);
}

static int place_start_info(struct loader *l, const struct boot_info *bi,
                            struct dom0_entry *entry)
{
    struct mem_region used[PLACES + 1], acpi = { 0 };
    uint64_t at;
    int rc = place_acpi(l, &acpi);

    if (!rc)
        rc = dom0_make_memmap(&acpi);
    if (rc) {
        dom0_error("no room for ACPI tables or memory map (error %d)", -rc);
        return rc;
    }
    memcpy(used, l->place, sizeof(l->place));
    used[PLACES] = acpi;
    at = dom0_find_space(l->place[PLACE_KERNEL].end, GB(4), sizeof(block),
                         PAGE_SIZE, used, PLACES + 1);
    if (!at) {
        dom0_error("no room for the start information");
        return -ENOMEM;
    }
    fill_block(l, bi, at, acpi.start);
    *entry = (struct dom0_entry){ (uint32_t)l->entry, (uint32_t)at };
    return guest_write_phys(l->d, gpa(at), &block, sizeof(block));
}

/* ---- all of it ------------------------------------------------------------ */

int dom0_load(struct domain *d, const struct boot_info *bi,
              struct dom0_entry *entry)
{
    struct loader l = { .d = d };
    int rc;

    if (!bi->nr_modules) {
        dom0_error("the boot loader passed no module: domain 0's kernel must "
                   "be the first one");
        return -ENOENT;
    }
    for (unsigned int i = 0; i < MIN(bi->nr_modules, (unsigned int)MODULES);
         i++) {
        const struct boot_module *m = &bi->modules[i];

        l.size[i] = m->end - m->start;
        l.place[PLACE_MODULE + i] = (struct mem_region){
            m->start, ALIGN_UP(m->end, PAGE_SIZE), 0 };
    }
    if (bi->nr_modules > MODULES)
        log_warn("domain 0: only the first two modules are used\n");
    rc = place_kernel(&l);
    if (!rc)
        rc = place_start_info(&l, bi, entry);
    if (!rc)
        log_info("Domain 0: kernel at %#lx-%#lx, entry %#x, RAM disk "
                 "%#lx-%#lx\n", l.place[PLACE_KERNEL].start,
                 l.place[PLACE_KERNEL].end, entry->eip,
                 l.place[PLACE_MODULE + MODULE_INITRD].start,
                 l.place[PLACE_MODULE + MODULE_INITRD].end);
    return rc;
}

void dom0_free_modules(const struct boot_info *bi)
{
    for (unsigned int i = 0; i < bi->nr_modules; i++) {
        uint64_t start = bi->modules[i].start;
        uint64_t end = ALIGN_UP(bi->modules[i].end, PAGE_SIZE);

        if (!dom0_has_ram(start, end))
            page_allocator_add(start, end);
    }
}
