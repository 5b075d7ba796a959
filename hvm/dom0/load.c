/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads domain 0's kernel by the PVH protocol (docs of Xen's "x86/HVM direct
 * boot ABI"): ELF segments, initial RAM disk, start information, memory map,
 * ACPI tables. The modules' memory is domain 0's already (memory.c); what lies
 * where the kernel goes is moved away first.
 */
#include "hvm/dom0/dom0-impl.h"

#include "hvm/mem/guest-copy.h"
#include "hypervisor/abi/elfnote.h"
#include "hypervisor/abi/start-info.h"
#include "hypervisor/abi/xen.h"
#include "hypervisor/lib/elf.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/boot-info.h"

#define CMDLINE_SIZE 2048u

#define RELOC_ALIGN MB(2)

enum { MODULE_KERNEL, MODULE_INITRD, MODULES };

struct loader {
    struct domain *d;
    struct mem_region kernel;          /* where it will be, whole pages */
    struct mem_region module[MODULES]; /* bytes; empty: there is none */
    struct elf elf;
    uint64_t entry;
    uint64_t offset;                   /* loaded that far above p_paddr */
};

/* Domain 0's RAM where nothing has its place yet. */
static struct mem_map space;

/* The lowest place for `size` bytes within [min, max), aligned; it is taken.
 * 0: there is none. */
static uint64_t take_space(uint64_t min, uint64_t max, uint64_t size,
                           uint64_t align)
{
    size = ALIGN_UP(size, PAGE_SIZE);
    for (unsigned int i = 0; i < space.n; i++) {
        uint64_t at = ALIGN_UP(MAX(space.r[i].start, min), align);
        uint64_t end = MIN(space.r[i].end, max);

        if (at < end && size <= end - at) {
            e820_set(&space, at, at + size, 0);
            return at;
        }
    }
    return 0;
}

/* ---- the command line ---------------------------------------------------- */

void dom0_command_line(const char *module, char *out, unsigned int size)
{
    static const char bounce[] = " swiotlb=force";
    const char *p = module, *end, *word;

    while (*p == ' ')
        p++;
    for (end = p; *end && *end != ' ';)
        end++;
    /* Some loaders pass the file's name; GRUB's users write a placeholder,
     * which GRUB does or does not drop. */
    if (*p == '/' || *p == '(' ||
        (end - p == 11 && !strncmp(p, "placeholder", 11)))
        p = end;
    while (*p == ' ')
        p++;
    size_t n = strnlen(p, size - sizeof(bounce));
    while (n && p[n - 1] == ' ')
        n--;
    memcpy(out, p, n);
    out[n] = '\0';
    for (word = out; word && strncmp(word + (*word == ' '), "swiotlb=", 8);)
        word = strchr(word + !!*word, ' ');
    /* A page mapped from a guest is not where a device would look for it. */
    if (!word)
        memcpy(out + n, n ? bounce : bounce + 1, sizeof(bounce) - !n);
}

/* ---- the kernel ---------------------------------------------------------- */

static uint64_t size_of(const struct mem_region *r)
{
    return r->end - r->start;
}

/* A module's bytes, until boot_unmap(). */
static const void *map(const struct mem_region *r)
{
    const void *image = boot_map(r->start, size_of(r));

    dom0_need(image ? 0 : -ENOMEM, "it cannot be built");
    return image;
}

static void open_kernel(struct loader *l)
{
    const struct mem_region *r = &l->module[MODULE_KERNEL];

    if (elf_open(&l->elf, map(r), size_of(r)))
        dom0_cannot_start("the first module is no ELF file for x86: Lodge "
                          "takes a kernel as vmlinux, not as bzImage "
                          "(tests/bench/extract-vmlinux makes one)");
}

/* What the file says of itself. */
static void read_kernel(struct loader *l)
{
    uint64_t start, end;
    int size = elf_xen_note(&l->elf, XEN_ELFNOTE_PHYS32_ENTRY, &l->entry,
                            sizeof(l->entry));

    if (size != 4 && size != 8)
        dom0_cannot_start("the kernel has no PVH entry point (ELF note "
                          "PHYS32_ENTRY): it needs CONFIG_PVH and "
                          "CONFIG_XEN_PVH");
    if (elf_load_range(&l->elf, &start, &end) || end > GB(4) ||
        l->entry < start || l->entry >= end)
        dom0_cannot_start("the kernel's ELF segments are broken");
    l->kernel.start = ALIGN_DOWN(start, PAGE_SIZE);
    l->kernel.end = ALIGN_UP(end, PAGE_SIZE);
}

/* Finds another place for a kernel that can run there. */
static void relocate(struct loader *l)
{
    struct mem_region *k = &l->kernel;
    /* Alignment, lowest and highest address: Linux's, if it says no more. */
    uint32_t words[3] = { RELOC_ALIGN, MB(16), GB(1) - 1 };
    int size = elf_xen_note(&l->elf, XEN_ELFNOTE_PHYS32_RELOC, words,
                            sizeof(words));

    if (size < 0)
        dom0_cannot_start("the kernel wants memory at %#lx-%#lx, which domain "
                          "0 does not have, and cannot be moved",
                          k->start, k->end);
    if (!words[0] || words[0] & (words[0] - 1))
        words[0] = RELOC_ALIGN;
    uint64_t to = take_space(MAX(words[1], MB(1)), words[2] + 1ull, size_of(k),
                             MAX(words[0], PAGE_SIZE));
    if (!to)
        dom0_cannot_start("there is too little memory for the kernel: it "
                          "needs %lu MiB in one piece", size_of(k) >> 20);
    l->offset = to - k->start;
    l->entry += l->offset;
    k->end += l->offset;
    k->start = to;
    log_info("Domain 0: kernel moved to %#lx\n", to);
}

static void load_segments(struct loader *l)
{
    static const uint8_t zeroes[PAGE_SIZE];
    int rc = 0;

    for (unsigned int i = 0; i < l->elf.nr_segments && !rc; i++) {
        struct elf_segment s;

        rc = elf_segment(&l->elf, i, &s);
        if (rc || s.type != ELF_PT_LOAD)
            continue;
        uint64_t at = s.paddr + l->offset;
        rc = guest_write_phys(l->d, gpa(at), l->elf.image + s.offset, s.filesz);
        for (uint64_t n = s.filesz; n < s.memsz && !rc; n += PAGE_SIZE)
            rc = guest_write_phys(l->d, gpa(at + n), zeroes,
                                  MIN(s.memsz - n, PAGE_SIZE));
    }
    dom0_need(rc, "the kernel's segments cannot be loaded");
}

/* ---- modules that are in the way ----------------------------------------- */

/* Copies a module to a better place in domain 0's RAM. */
static void move_module(struct loader *l, unsigned int m)
{
    struct mem_region *r = &l->module[m];
    uint64_t size = size_of(r), to = take_space(MB(1), GB(4), size, PAGE_SIZE);

    if (!to)
        dom0_cannot_start("there is too little memory below 4 GiB for module "
                          "%u: it needs %lu MiB in one piece", m,
                          (size >> 20) + 1);
    const void *from = map(r);
    dom0_need(guest_write_phys(l->d, gpa(to), from, size),
              "it cannot be built");
    boot_unmap(from, size);
    r->start = to;
    r->end = to + size;
}

static void clear_the_way(struct loader *l)
{
    const struct mem_region *k = &l->kernel;

    e820_set(&space, k->start, k->end, 0);
    for (unsigned int m = 0; m < MODULES; m++)
        e820_set(&space, ALIGN_DOWN(l->module[m].start, PAGE_SIZE),
                 ALIGN_UP(l->module[m].end, PAGE_SIZE), 0);
    for (unsigned int m = MODULES; m--; ) {
        const struct mem_region *r = &l->module[m];
        uint64_t end = ALIGN_UP(r->end, PAGE_SIZE);
        bool move = r->start < k->end && k->start < end;

        /* The RAM disk stays for domain 0: its place must be its own. */
        if (m == MODULE_INITRD && (end > GB(4) || !dom0_has_ram(r->start, end)))
            move = true;
        if (move && size_of(r))
            move_module(l, m);
    }
}

/* ---- start information --------------------------------------------------- */

/* All in one piece, in this order; the tables on pages of their own. */
static struct start_block {
    uint8_t acpi[DOM0_ACPI_SIZE];
    struct hvm_start_info info;
    struct hvm_modlist_entry module;
    struct hvm_memmap_table_entry memmap[GUEST_MAP_MAX];
    char cmdline[CMDLINE_SIZE];
} block __aligned(16);

#define PADDR(at, field) ((at) + offsetof(struct start_block, field))

/* Adds the machine's regions that are RAM, as reserved, or all others. */
static void add_machine(struct mem_map *map, bool ram)
{
    for (unsigned int i = 0; i < machine_map.n; i++) {
        const struct mem_region *r = &machine_map.r[i];

        if ((r->type == MEM_RAM) == ram)
            e820_set(map, r->start, r->end, ram ? MEM_RESERVED : r->type);
    }
}

/* More pieces than a PVH kernel takes, which are as many as a boot protocol's
 * page holds (Linux): gives up the smallest pieces of RAM. */
static void clip(struct mem_map *map)
{
    while (map->n > GUEST_MAP_MAX) {
        struct mem_region *end = map->r + map->n, *least = NULL;

        for (struct mem_region *r = map->r; r < end; r++)
            if (r->type == MEM_RAM &&
                (!least || size_of(r) < size_of(least)))
                least = r;
        if (!least) {
            map->n = GUEST_MAP_MAX;
            return;
        }
        log_warn("domain 0: %#lx-%#lx is left out of its memory map, which "
                 "has too many pieces\n", least->start, least->end);
        e820_set(map, least->start, least->end, 0);
    }
}

/*
 * The machine's map, but RAM that domain 0 did not get is reserved, so that it
 * puts nothing there. For the kernel, and to be asked for later (*map). acpi:
 * where the tables made for it are.
 */
static void make_memmap(struct guest_map *map, uint64_t acpi)
{
    static struct mem_map out;

    out.n = 0;
    add_machine(&out, true);
    for (unsigned int i = 0; i < dom0_ram.n; i++)
        e820_set(&out, dom0_ram.r[i].start, dom0_ram.r[i].end, MEM_RAM);
    /* Frame 0 is there, though it is no ordinary one. */
    e820_set(&out, 0, PAGE_SIZE, MEM_RAM);
    add_machine(&out, false);
    e820_set(&out, acpi, acpi + DOM0_ACPI_SIZE, MEM_ACPI);
    clip(&out);
    for (unsigned int i = 0; i < out.n; i++) {
        const struct mem_region *r = &out.r[i];

        block.memmap[i] = (struct hvm_memmap_table_entry){
            .addr = r->start, .size = size_of(r), .type = r->type };
        map->entry[i] = (struct guest_map_entry){ r->start, size_of(r),
                                                  r->type };
    }
    map->nr = out.n;
}

static struct dom0_entry place_start_info(struct loader *l,
                                          const struct boot_info *bi)
{
    const struct mem_region *initrd = &l->module[MODULE_INITRD];
    uint64_t at = take_space(l->kernel.end, GB(4), sizeof(block), PAGE_SIZE);
    struct guest_map *map = heap_alloc(sizeof(*map));

    dom0_need(at && map ? 0 : -ENOMEM, "no room for ACPI tables or memory map");
    l->d->hvm->map = map;
    make_memmap(map, at);
    dom0_make_acpi(&acpi_info, block.acpi, at, l->d->max_vcpus);
    block.info = (struct hvm_start_info){
        .magic = XEN_HVM_START_MAGIC_VALUE, .version = 1,
        .flags = SIF_INITDOMAIN | SIF_PRIVILEGED,
        .nr_modules = size_of(initrd) != 0, .modlist_paddr = PADDR(at, module),
        .cmdline_paddr = PADDR(at, cmdline), .rsdp_paddr = PADDR(at, acpi),
        .memmap_paddr = PADDR(at, memmap), .memmap_entries = map->nr,
    };
    block.module = (struct hvm_modlist_entry){ .paddr = initrd->start,
                                               .size = size_of(initrd) };
    dom0_command_line(bi->modules[MODULE_KERNEL].cmdline, block.cmdline,
                      CMDLINE_SIZE);
    log_info("Domain 0: command line: %s\n", block.cmdline);
    dom0_need(guest_write_phys(l->d, gpa(at), &block, sizeof(block)),
              "it cannot be built");
    return (struct dom0_entry){ (uint32_t)l->entry,
                                (uint32_t)PADDR(at, info) };
}

/* ---- all of it ----------------------------------------------------------- */

struct dom0_entry dom0_load(struct domain *d, const struct boot_info *bi)
{
    struct loader l = { .d = d };

    if (!bi->nr_modules)
        dom0_cannot_start("the boot loader passed no module: domain 0's "
                          "kernel must be the first one");
    for (unsigned int i = 0; i < MODULES && i < bi->nr_modules; i++) {
        l.module[i].start = bi->modules[i].start;
        l.module[i].end = bi->modules[i].end;
    }
    if (bi->nr_modules > MODULES)
        log_warn("domain 0: only the first two modules are used\n");
    space = dom0_ram;
    open_kernel(&l);
    read_kernel(&l);
    if (!dom0_has_ram(l.kernel.start, l.kernel.end))
        relocate(&l);
    boot_unmap(l.elf.image, l.elf.size);
    clear_the_way(&l);
    open_kernel(&l);            /* again: it may have been moved */
    load_segments(&l);
    boot_unmap(l.elf.image, l.elf.size);
    struct dom0_entry entry = place_start_info(&l, bi);
    log_info("Domain 0: kernel at %#lx-%#lx, entry %#x, RAM disk "
             "%#lx-%#lx\n", l.kernel.start, l.kernel.end, entry.eip,
             l.module[MODULE_INITRD].start, l.module[MODULE_INITRD].end);
    for (unsigned int i = 0; i < bi->nr_modules; i++) {
        uint64_t start = bi->modules[i].start;
        uint64_t end = ALIGN_UP(bi->modules[i].end, PAGE_SIZE);

        if (!dom0_has_ram(start, end))
            page_allocator_add(start, end);
    }
    return entry;
}
