/* sources: hvm/dom0/memory.c hvm/dom0/acpi.c hvm/dom0/load.c hypervisor/mm/e820.c hypervisor/lib/elf.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Building domain 0 on a fake machine of 128 MiB: dom0_mem=, which frames it
 * gets, its memory map, ACPI tables, a kernel and a RAM disk that are in each
 * other's way, and files that are no kernels.
 */
#include <setjmp.h>
#include <string.h>

#include "hvm/base/hvm.h"
#include "hvm/dom0/build.h"
#include "hvm/dom0/dom0-impl.h"
#include "hvm/mem/guest-copy.h"
#include "hvm/mem/p2m.h"
#include "hypervisor/abi/elfnote.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/start-info.h"
#include "hypervisor/mm/map.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/boot-info.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

char opt_dom0_mem[64];
struct acpi_info acpi_info;

/* ---- the machine ---------------------------------------------------------- */

#define RAM_TOP MB(127)         /* from there to MACHINE: ACPI */
#define MACHINE MB(128)
#define FRAMES (MACHINE >> PAGE_SHIFT)
#define IMAGE_START MB(2)
#define IMAGE_END MB(4)

static uint8_t *memory;
static uint8_t state[FRAMES], in_p2m[FRAMES]; /* enum page_state; mapped */
static struct hvm_domain hvm;
static struct domain dom;
static struct boot_info bi;

static void machine_reset(void)
{
    static const struct mem_region map[] = {
        { 0, 0x9fc00, MEM_RAM }, { 0xf0000, MB(1), 20 },
        { MB(1), RAM_TOP, MEM_RAM }, { RAM_TOP, MACHINE, MEM_ACPI },
    };

    e820_normalise(map, ARRAY_SIZE(map), &machine_map);
    memset(memory, 0xcc, MACHINE);
    memset(in_p2m, 0, sizeof(in_p2m));
    for (uint64_t i = 0; i < FRAMES; i++)
        state[i] = i >= 256 && i < RAM_TOP >> PAGE_SHIFT ? PAGE_FREE
                                                         : PAGE_RESERVED;
    for (uint64_t i = IMAGE_START >> PAGE_SHIFT; i < IMAGE_END >> PAGE_SHIFT;
         i++)
        state[i] = PAGE_LODGE;
    memset(&dom, 0, sizeof(dom));
    dom.max_vcpus = 4;
    dom.hvm = &hvm;
    heap_free(hvm.map);
    hvm.map = NULL;
    memset(&bi, 0, sizeof(bi));
    bi.loader = "test";
    dom0_ram.n = 0;
    opt_dom0_mem[0] = '\0';
    fake_panic_text[0] = '\0';
}

static void module_put(const void *data, uint64_t at, uint64_t size,
                       const char *cmdline)
{
    memcpy(memory + at, data, size);
    bi.modules[bi.nr_modules++] = (struct boot_module){ at, at + size,
                                                        cmdline };
    for (uint64_t i = at >> PAGE_SHIFT;
         i < ALIGN_UP(at + size, PAGE_SIZE) >> PAGE_SHIFT; i++)
        state[i] = PAGE_RESERVED;
}

int page_claim_range(mfn_t first, uint64_t nr, domid_t owner, bool zero)
{
    for (uint64_t i = first.raw; i < first.raw + nr; i++)
        if (state[i] != PAGE_FREE)
            return -EBUSY;
    memset(state + first.raw, PAGE_GUEST, nr);
    return 0;
}

int page_adopt_range(mfn_t first, uint64_t nr, domid_t owner)
{
    CHECK(first.raw > 0 && first.raw + nr <= FRAMES);
    for (uint64_t i = first.raw; i < first.raw + nr; i++)
        if (state[i] != PAGE_RESERVED)
            return -EBUSY;
    memset(state + first.raw, PAGE_GUEST, nr);
    return 0;
}

uint64_t page_claim_next(uint64_t *first, uint64_t max, domid_t owner)
{
    uint64_t m = *first, n = 0;

    while (m < FRAMES && state[m] != PAGE_FREE)
        m++;
    while (m + n < FRAMES && n < max && state[m + n] == PAGE_FREE)
        state[m + n++] = PAGE_GUEST;
    *first = m;
    return n;
}

uint64_t pages_free(void)
{
    uint64_t n = 0;

    for (uint64_t i = 0; i < FRAMES; i++)
        n += state[i] == PAGE_FREE;
    return n;
}

void page_allocator_add(uint64_t start, uint64_t end)
{
    memset(state + (start >> PAGE_SHIFT), PAGE_FREE,
           (end - start) >> PAGE_SHIFT);
}

int domain_charge(struct domain *d, uint32_t frames, bool special)
{
    if (d->frames + frames > d->max_frames)
        return -ENOMEM;
    d->frames += frames;
    return 0;
}

void domain_uncharge(struct domain *d, uint32_t frames, bool special)
{
    d->frames -= frames;
}

int p2m_map(struct domain *d, gfn_t g, mfn_t m, unsigned int order,
            enum p2m_type type)
{
    CHECK_EQ(g.raw, m.raw);
    CHECK(IS_ALIGNED(g.raw, 1ull << order));
    for (uint64_t i = g.raw; i < g.raw + (1ull << order); i++) {
        CHECK(i == 0 ? type == P2M_MMIO
                     : type == P2M_RAM && state[i] == PAGE_GUEST);
        in_p2m[i] = (uint8_t)type;
    }
    return 0;
}

int guest_write_phys(struct domain *d, gpa_t dst, const void *src, size_t n)
{
    for (uint64_t i = dst.raw >> PAGE_SHIFT;
         n && i <= (dst.raw + n - 1) >> PAGE_SHIFT; i++)
        if (i >= FRAMES || in_p2m[i] != P2M_RAM)
            return -EFAULT;
    memcpy(memory + dst.raw, src, n);
    return 0;
}

const void *boot_map(uint64_t maddr, size_t size)
{
    return maddr + size <= MACHINE ? memory + maddr : NULL;
}

/* ---- a kernel --------------------------------------------------------------- */

#define KERNEL_AT MB(16)
#define TEXT_SIZE 0x3000u
#define BSS_SIZE 0x5000u
#define FILE_SIZE MB(13)

static uint8_t *file;

static void put(uint64_t at, unsigned int size, uint64_t v)
{
    memcpy(file + at, &v, size);
}

static void segment(unsigned int i, uint32_t type, uint64_t offset,
                    uint64_t paddr, uint64_t filesz, uint64_t memsz)
{
    uint64_t at = 64 + i * 56ull;

    put(at, 4, type);
    put(at + 4, 4, 7);
    put(at + 8, 8, offset);
    put(at + 16, 8, 0xffffffff80000000ull + paddr);
    put(at + 24, 8, paddr);
    put(at + 32, 8, filesz);
    put(at + 40, 8, memsz);
    put(at + 48, 8, 4096);
}

static uint64_t note(uint64_t at, uint32_t type, const void *data,
                     unsigned int size)
{
    put(at, 4, 4);
    put(at + 4, 4, size);
    put(at + 8, 4, type);
    memcpy(file + at + 12, "Xen", 4);
    memcpy(file + at + 16, data, size);
    return at + 16 + ALIGN_UP(size, 4u);
}

/* Text and data at KERNEL_AT, the entry 0x20 into it. */
static void make_kernel(bool pvh, bool movable)
{
    const uint64_t entry = KERNEL_AT + 0x20;
    const uint32_t reloc[3] = { MB(2), MB(16), GB(1) - 1 };
    uint64_t end = 0x400;

    memset(file, 0, FILE_SIZE);
    memcpy(file, "\177ELF\2\1\1", 7);
    put(16, 2, 2);
    put(18, 2, 62);
    put(20, 4, 1);
    put(24, 8, entry);
    put(32, 8, 64);
    put(52, 2, 64);
    put(54, 2, 56);
    put(56, 2, 3);
    segment(0, 1, 0x1000, KERNEL_AT, TEXT_SIZE, TEXT_SIZE);
    segment(1, 1, FILE_SIZE - 0x1000, KERNEL_AT + MB(1), 0x800,
            0x800 + BSS_SIZE);
    if (pvh)
        end = note(end, XEN_ELFNOTE_PHYS32_ENTRY, &entry, 8);
    if (movable)
        end = note(end, XEN_ELFNOTE_PHYS32_RELOC, reloc, 12);
    end = note(end, XEN_ELFNOTE_GUEST_OS, "linux", 6);
    segment(2, 4, 0x400, 0, end - 0x400, end - 0x400);
    for (unsigned int i = 0; i < TEXT_SIZE; i++)
        file[0x1000 + i] = (uint8_t)(i * 7 + 1);
    memset(file + FILE_SIZE - 0x1000, 0x5a, 0x800);
}

static void check_kernel(uint64_t at)
{
    bool text = true, bss = true;

    for (unsigned int i = 0; i < TEXT_SIZE; i++)
        text &= memory[at + i] == (uint8_t)(i * 7 + 1);
    for (unsigned int i = 0; i < BSS_SIZE; i++)
        bss &= memory[at + MB(1) + 0x800 + i] == 0;
    CHECK(text);
    CHECK(bss);
    CHECK_EQ(memory[at + MB(1) + 0x7ff], 0x5a);
}

/* ---- tests ------------------------------------------------------------------ */

static void test_mem_option(void)
{
    static const struct {
        const char *text;
        uint64_t avail, pages; /* of MiB: << 8 */
    } good[] = {
        { "", 4096 << 8, (4096 - 128) << 8 },
        { "", 1024 << 8, (1024 - 64) << 8 },
        { "1024M", 4096 << 8, 1024 << 8 },
        { "1024m,max:1024M", 4096 << 8, 1024 << 8 },
        { "max:512M", 4096 << 8, 512 << 8 },
        { "min:2G,1G", 4096 << 8, 2048 << 8 },
        { "1048576", 4096 << 8, 1024 << 8 },
        { "1048576k", 4096 << 8, 1024 << 8 },
        { "536870912B", 4096 << 8, 512 << 8 },
        { "-512M", 4096 << 8, (4096 - 512) << 8 },
        { "50%", 4096 << 8, 2048 << 8 },
        { "512M+25%,max:1280M", 4096 << 8, 1280 << 8 },
        { "8G", 4096 << 8, (4096 - 16) << 8 },
        { "1T", 4096 << 8, (4096 - 16) << 8 },
        { "0", 1024 << 8, (1024 - 64) << 8 },
    };
    static const char *const bad[] = {
        "M", "12X", "1024MB", "max:", "max", "1G;", "101%", "50%%", "-",
        "99999999999999999999G", "9999999999T", "1G+", "1G+1G",
    };
    struct dom0_mem m;
    uint64_t limit;

    for (unsigned int i = 0; i < ARRAY_SIZE(good); i++) {
        CHECK_EQ(dom0_mem_parse(good[i].text, &m), 0);
        CHECK_EQ(dom0_mem_pages(&m, good[i].avail, 16 << 8, &limit),
                 good[i].pages);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
        CHECK_EQ(dom0_mem_parse(bad[i], &m), -EINVAL);
    CHECK_EQ(dom0_mem_parse("1G,max:2G", &m), 0);
    CHECK_EQ(dom0_mem_pages(&m, 4096 << 8, 0, &limit), 1024 << 8);
    CHECK_EQ(limit, 2048 << 8);
    CHECK_EQ(dom0_mem_pages(&m, 100, 200, &limit), 0);
}

static void test_cmdline(void)
{
    static const struct {
        const char *module, *want;
    } cases[] = {
        { "root=/dev/sda1 ro", "root=/dev/sda1 ro swiotlb=force" },
        { "/boot/vmlinux  a b ", "a b swiotlb=force" },
        { "(hd0,1)/vmlinux a", "a swiotlb=force" },
        { "placeholder a", "a swiotlb=force" },
        { "placeholders a", "placeholders a swiotlb=force" },
        { "a swiotlb=65536", "a swiotlb=65536" },
        { "a noswiotlb=1", "a noswiotlb=1 swiotlb=force" },
        { "", "swiotlb=force" },
        { "/vmlinux", "swiotlb=force" },
    };
    char out[64], small[20];

    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        dom0_command_line(cases[i].module, out, sizeof(out));
        CHECK(!strcmp(out, cases[i].want));
    }
    /* Too long: cut, and ended. */
    dom0_command_line("abcdefghijklmnopqrstuvwxyz", small, 20);
    CHECK(!strcmp(small, "abcde swiotlb=force"));
}

static uint8_t sum(const uint8_t *p, unsigned int n)
{
    uint8_t s = 0;

    while (n--)
        s = (uint8_t)(s + *p++);
    return s;
}

static uint64_t get(const uint8_t *p, unsigned int size)
{
    uint64_t v = 0;

    memcpy(&v, p, size);
    return v;
}

static void test_acpi(void)
{
    static uint8_t buf[DOM0_ACPI_SIZE] __aligned(16);
    struct acpi_info a = {
        .nr_tables = 4, .nr_overrides = 1, .nr_ioapics = 1,
        .ioapics = { { .id = 2, .maddr = 0xfec00000, .nr_gsis = 24 } },
    };
    const uint8_t *xsdt, *madt;
    unsigned int cpus = 0, ioapics = 0, overrides = 0;

    memcpy(a.tables[0].signature, "FACP", 4);
    memcpy(a.tables[1].signature, "APIC", 4);
    memcpy(a.tables[2].signature, "HPET", 4);
    memcpy(a.tables[3].signature, "MCFG", 4);
    a.tables[0].maddr = 0x7001000;
    a.tables[3].maddr = 0x7002000;
    a.overrides[0] = (struct acpi_override){ 9, 9, true, true };
    dom0_make_acpi(&a, buf, 0x5000000, 3);
    CHECK(!memcmp(buf, "RSD PTR ", 8));
    CHECK_EQ(buf[15], 2);
    CHECK_EQ(sum(buf, 20), 0);
    CHECK_EQ(sum(buf, 36), 0);
    CHECK_EQ(get(buf + 20, 4), 36);

    xsdt = buf + (get(buf + 24, 8) - 0x5000000);
    CHECK(!memcmp(xsdt, "XSDT", 4));
    CHECK_EQ(sum(xsdt, (unsigned int)get(xsdt + 4, 4)), 0);
    CHECK_EQ(get(xsdt + 4, 4), 36 + 3 * 8);
    CHECK_EQ(get(xsdt + 44, 8), 0x7001000);
    CHECK_EQ(get(xsdt + 52, 8), 0x7002000);

    madt = buf + (get(xsdt + 36, 8) - 0x5000000);
    CHECK(!memcmp(madt, "APIC", 4));
    CHECK_EQ(sum(madt, (unsigned int)get(madt + 4, 4)), 0);
    CHECK_EQ(get(madt + 36, 4), 0xfee00000);
    CHECK_EQ(get(madt + 40, 4), 0);
    for (const uint8_t *p = madt + 44; p < madt + get(madt + 4, 4);
         p += p[1]) {
        if (p[0] == 0) {
            CHECK_EQ(p[2], cpus);
            CHECK_EQ(p[3], cpus * 2);
            CHECK_EQ(get(p + 4, 4), 1);
            cpus++;
        } else if (p[0] == 1) {
            CHECK_EQ(p[2], 2);
            CHECK_EQ(get(p + 4, 4), 0xfec00000);
            ioapics++;
        } else {
            CHECK_EQ(p[0], 2);
            CHECK_EQ(get(p + 8, 2), 0xf);
            overrides++;
        }
    }
    CHECK_EQ(cpus, 3);
    CHECK_EQ(ioapics, 1);
    CHECK_EQ(overrides, 1);
    /* The most there can be fits. */
    a.nr_tables = ACPI_TABLES_MAX;
    a.nr_overrides = ACPI_OVERRIDES_MAX;
    dom0_make_acpi(&a, buf, 0x5000000, MAX_VCPUS_PER_DOMAIN);
}

/* What the map says of an address; 0: nothing. */
static uint32_t type_of(uint64_t a)
{
    const struct guest_map_entry *e = hvm.map->entry;

    for (unsigned int i = 0; i < hvm.map->nr; i++)
        if (a >= e[i].addr && a < e[i].addr + e[i].size)
            return e[i].type;
    return 0;
}

/* The map, the frames and the p2m agree. */
static void check_memory(void)
{
    unsigned int odd = 0;
    uint64_t frames = 0;

    for (uint64_t i = 0; i < FRAMES; i++) {
        uint32_t t = type_of(i << PAGE_SHIFT);

        frames += state[i] == PAGE_GUEST;
        if (i == 0)
            odd += in_p2m[i] != P2M_MMIO;
        else if (state[i] == PAGE_GUEST)
            odd += in_p2m[i] != P2M_RAM || (t != MEM_RAM && t != MEM_ACPI);
        else
            odd += in_p2m[i] != 0 || t == MEM_RAM;
    }
    CHECK_EQ(odd, 0);
    CHECK_EQ(frames, dom.frames);
    CHECK_EQ(type_of(0xa0000), 0);
    CHECK_EQ(type_of(0xf0000), MEM_RESERVED);
    CHECK_EQ(type_of(IMAGE_START), MEM_RESERVED);
    CHECK_EQ(type_of(RAM_TOP), MEM_ACPI);
}

/* False: it cannot start, and fake_panic_text says why. */
static bool build(struct dom0_entry *e)
{
    jmp_buf jump;

    fake_panic_jump = &jump;
    if (!setjmp(jump)) {
        dom0_take_memory(&dom, &bi);
        *e = dom0_load(&dom, &bi);
        fake_panic_jump = NULL;
        return true;
    }
    fake_panic_jump = NULL;
    return false;
}

static const struct hvm_start_info *info(const struct dom0_entry *e)
{
    return (const struct hvm_start_info *)(memory + e->start_info);
}

static void check_info(const struct dom0_entry *e, const char *cmdline)
{
    const struct hvm_start_info *s = info(e);

    CHECK_EQ(s->magic, 0x336ec578);
    CHECK_EQ(s->version, 1);
    CHECK_EQ(s->flags, 3);
    CHECK(!strcmp((char *)memory + s->cmdline_paddr, cmdline));
    CHECK_EQ(s->memmap_entries, hvm.map->nr);
    for (unsigned int i = 0; i < s->memmap_entries; i++) {
        const struct hvm_memmap_table_entry *e =
            (const void *)(memory + s->memmap_paddr + i * sizeof(*e));

        CHECK_EQ(e->addr, hvm.map->entry[i].addr);
        CHECK_EQ(e->size, hvm.map->entry[i].size);
        CHECK_EQ(e->type, hvm.map->entry[i].type);
    }
    CHECK(!memcmp(memory + s->rsdp_paddr, "RSD PTR ", 8));
    CHECK_EQ(type_of(s->rsdp_paddr), MEM_ACPI);
    CHECK_EQ(type_of(e->start_info), MEM_RAM);
}

static void check_initrd(const struct dom0_entry *e, uint64_t size)
{
    const struct hvm_start_info *s = info(e);
    const struct hvm_modlist_entry *m =
        (const struct hvm_modlist_entry *)(memory + s->modlist_paddr);
    bool good = true;

    CHECK_EQ(s->nr_modules, 1);
    CHECK_EQ(m->size, size);
    CHECK_EQ(m->paddr & 0xfff, 0);
    for (uint64_t i = 0; i < size; i++)
        good &= memory[m->paddr + i] == (uint8_t)(i >> 8);
    CHECK(good);
    CHECK(dom0_has_ram(m->paddr, m->paddr + size));
}

static void test_load(uint64_t kernel_at, uint64_t initrd_at, const char *mem)
{
    const uint64_t initrd_size = MB(3) + 123;
    static uint8_t initrd[MB(3) + 123];
    struct dom0_entry e = { 0 };

    machine_reset();
    make_kernel(true, false);
    for (uint64_t i = 0; i < initrd_size; i++)
        initrd[i] = (uint8_t)(i >> 8);
    module_put(file, kernel_at, FILE_SIZE, "/vmlinux root=/dev/sda1");
    if (initrd_at)
        module_put(initrd, initrd_at, initrd_size, "");
    strcpy(opt_dom0_mem, mem);
    CHECK(build(&e));
    CHECK_EQ(e.eip, KERNEL_AT + 0x20);
    check_kernel(KERNEL_AT);
    check_info(&e, "root=/dev/sda1 swiotlb=force");
    if (initrd_at)
        check_initrd(&e, initrd_size);
    else
        CHECK_EQ(info(&e)->nr_modules, 0);
    check_memory();
}

static void test_relocate(void)
{
    struct dom0_entry e = { 0 };

    /* Lodge has a frame where the kernel wants to be. */
    for (int movable = 0; movable < 2; movable++) {
        machine_reset();
        make_kernel(true, movable);
        module_put(file, MB(40), FILE_SIZE, "");
        state[(KERNEL_AT + MB(1)) >> PAGE_SHIFT] = PAGE_LODGE;
        if (!movable) {
            CHECK(!build(&e));
            CHECK(strstr(fake_panic_text, "cannot be moved"));
            continue;
        }
        CHECK(build(&e));
        CHECK_EQ(e.eip, MB(18) + 0x20);
        check_kernel(MB(18));
        check_memory();
    }
}

static void test_refused(void)
{
    struct dom0_entry e;

    machine_reset();
    CHECK(!build(&e));
    CHECK(strstr(fake_panic_text, "no module"));

    machine_reset();
    module_put("\x1f\x8b gzip", MB(8), 8, "");
    CHECK(!build(&e));
    CHECK(strstr(fake_panic_text, "no ELF"));

    machine_reset();
    make_kernel(false, false);
    module_put(file, MB(8), FILE_SIZE, "");
    CHECK(!build(&e));
    CHECK(strstr(fake_panic_text, "no PVH entry"));

    /* A segment beyond the file; an entry outside of all segments. */
    machine_reset();
    make_kernel(true, false);
    segment(0, 1, 0x1000, KERNEL_AT, FILE_SIZE, FILE_SIZE);
    module_put(file, MB(40), FILE_SIZE, "");
    CHECK(!build(&e));
    machine_reset();
    make_kernel(true, false);
    segment(0, 1, 0x1000, KERNEL_AT + MB(2), 16, 16);
    module_put(file, MB(40), FILE_SIZE, "");
    CHECK(!build(&e));
    CHECK(strstr(fake_panic_text, "broken"));

    /* Too little memory. */
    machine_reset();
    make_kernel(true, false);
    module_put(file, MB(64), FILE_SIZE, "");
    strcpy(opt_dom0_mem, "14M");
    CHECK(!build(&e));
    CHECK(strstr(fake_panic_text, "memory"));
    machine_reset();
    strcpy(opt_dom0_mem, "lots");
    CHECK(!build(&e));
    CHECK(strstr(fake_panic_text, "not understood"));
}

static void test_balloon(void)
{
    machine_reset();
    dom.max_frames = 4;
    CHECK_EQ(dom0_populate(&dom, gfn(MB(50) >> PAGE_SHIFT), 0), 0);
    CHECK_EQ(in_p2m[MB(50) >> PAGE_SHIFT], P2M_RAM);
    CHECK_EQ(dom0_populate(&dom, gfn(MB(50) >> PAGE_SHIFT), 0), -ENOMEM);
    CHECK_EQ(dom.frames, 1);
    CHECK_EQ(dom0_populate(&dom, gfn(MB(52) >> PAGE_SHIFT), 9), -ENOMEM);
    CHECK_EQ(dom.frames, 1);
}

int main(void)
{
    memory = malloc(MACHINE);
    file = malloc(FILE_SIZE);
    test_mem_option();
    test_cmdline();
    test_acpi();
    test_load(MB(40), MB(60), "");          /* nothing in the way */
    test_load(MB(5), MB(60), "");           /* kernel file */
    test_load(MB(40), MB(17), "");          /* RAM disk */
    test_load(MB(4), MB(17), "64M");        /* both, as QEMU loads them */
    test_load(MB(16), 0, "48M");
    test_load(MB(90), MB(110), "48M");      /* above its memory */
    test_relocate();
    test_refused();
    test_balloon();
    machine_reset();
    free(memory);
    free(file);
    return test_result();
}
