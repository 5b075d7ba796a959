/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much memory domain 0 gets and which. Its RAM is identity mapped, so
 * that is a choice of machine frames: what the firmware and the loader used,
 * then free RAM from low addresses up, because its devices may reach low
 * addresses only.
 */
#include "hvm/dom0/dom0-impl.h"

#include "hvm/mem/p2m.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/boot-info.h"

struct mem_map dom0_ram;

/* ---- dom0_mem= ----------------------------------------------------------- */

/* A size in Xen's units (none means KiB), or a percentage: into *a, and *s is
 * moved behind it. 1 if it was a percentage; -EINVAL. */
static int parse_part(const char **s, struct dom0_amount *a)
{
    static const char units[] = "bkmgt";
    const char *p = *s, *unit;
    uint64_t n = 0;

    for (; *p >= '0' && *p <= '9' && n <= ~0ull / 16; p++)
        n = n * 10 + (unsigned int)(*p - '0');
    if (p == *s)
        return -EINVAL;
    if (*p == '%') {
        *s = p + 1;
        a->percent = (unsigned int)n;
        return n <= 100 ? 1 : -EINVAL;
    }
    unit = strchr(units, *p | 0x20);
    unsigned int shift = 10 * (unit ? (unsigned int)(unit - units) : 1);
    *s = p + !!unit;
    a->pages = (int64_t)(n << shift >> PAGE_SHIFT);
    return n <= (uint64_t)INT64_MAX >> shift ? 0 : -EINVAL;
}

/* <size>, -<size>, <percent>%, <size>+<percent>%. */
static int parse_amount(const char **s, struct dom0_amount *a)
{
    bool negative = **s == '-';

    *a = (struct dom0_amount){ 0 };
    *s += negative;
    int rc = parse_part(s, a);
    if (negative)
        a->pages = -a->pages;
    if (rc || **s != '+')
        return MIN(rc, 0);
    ++*s;
    return parse_part(s, a) == 1 ? 0 : -EINVAL;
}

int dom0_mem_parse(const char *s, struct dom0_mem *m)
{
    *m = (struct dom0_mem){ .max.pages = INT64_MAX };
    while (*s) {
        bool min = !strncmp(s, "min:", 4), max = !strncmp(s, "max:", 4);

        s += min || max ? 4 : 0;
        if (parse_amount(&s, min ? &m->min : max ? &m->max : &m->size) ||
            (*s && *s != ','))
            return -EINVAL;
        s += *s == ',';
    }
    return 0;
}

static uint64_t amount_pages(const struct dom0_amount *a, uint64_t avail)
{
    uint64_t part = avail * a->percent / 100;

    if (a->pages >= 0)
        return part + (uint64_t)a->pages;
    return avail - MIN(avail, (uint64_t)-a->pages);
}

uint64_t dom0_mem_pages(const struct dom0_mem *m, uint64_t avail,
                        uint64_t keep, uint64_t *limit)
{
    /* As Xen: what others, and Lodge for them, need at once stays free. */
    uint64_t n = amount_pages(&m->size, avail) ?:
                 avail - MIN(avail / 16, MB(128) >> PAGE_SHIFT);

    n = MAX(n, amount_pages(&m->min, avail));
    *limit = amount_pages(&m->max, avail);
    return MIN(MIN(n, *limit), avail - MIN(avail, keep));
}

/* ---- choosing frames ----------------------------------------------------- */

/* Reserved RAM that nobody needs any more; returns its pages. */
static uint64_t adopt(struct domain *d, uint64_t start, uint64_t end)
{
    uint64_t n = (end - start) >> PAGE_SHIFT;

    if (start >= end || dom0_ram.n == MEM_REGIONS_MAX ||
        page_adopt_range(maddr_to_mfn(start), n, d->id))
        return 0;
    e820_set(&dom0_ram, start, end, MEM_RAM);
    return n;
}

/* The first MiB and the modules; returns their pages. */
static uint64_t adopt_all(struct domain *d, const struct boot_info *bi)
{
    uint64_t n = 0;

    for (unsigned int i = 0; i < machine_map.n; i++) {
        const struct mem_region *r = &machine_map.r[i];

        /* Frame 0 cannot be an ordinary one: it is mapped as a device. */
        if (r->type == MEM_RAM && r->start < MB(1))
            n += adopt(d, MAX(ALIGN_UP(r->start, PAGE_SIZE), PAGE_SIZE),
                       MIN(ALIGN_DOWN(r->end, PAGE_SIZE), MB(1)));
    }
    for (unsigned int i = 0; i < bi->nr_modules; i++)
        n += adopt(d, bi->modules[i].start,
                   ALIGN_UP(bi->modules[i].end, PAGE_SIZE));
    return n;
}

/* Free RAM from low addresses up; returns the pages it got. */
static uint64_t claim(struct domain *d, uint64_t want)
{
    uint64_t at = 0, got = 0, n = 1;

    for (; n && got < want && dom0_ram.n < MEM_REGIONS_MAX; got += n, at += n) {
        n = page_claim_next(&at, want - got, d->id);
        e820_set(&dom0_ram, at << PAGE_SHIFT, (at + n) << PAGE_SHIFT, MEM_RAM);
    }
    return got;
}

/* ---- mapping ------------------------------------------------------------- */

static void map(struct domain *d, uint64_t m, unsigned int order,
                enum p2m_type type)
{
    if (p2m_map(d, gfn(m), mfn(m), order, type))
        dom0_cannot_start("there is not enough memory for domain 0's page "
                          "tables");
}

static void map_ram(struct domain *d)
{
    for (unsigned int i = 0; i < dom0_ram.n; i++) {
        uint64_t m = dom0_ram.r[i].start >> PAGE_SHIFT;
        uint64_t end = dom0_ram.r[i].end >> PAGE_SHIFT;

        while (m < end) {
            unsigned int most = MIN(bit_lowest(m), bit_highest(end - m));
            unsigned int order = most >= ORDER_1G ? ORDER_1G :
                                 most >= ORDER_2M ? ORDER_2M : ORDER_4K;

            map(d, m, order, P2M_RAM);
            m += 1ull << order;
        }
    }
    map(d, 0, ORDER_4K, P2M_MMIO);
}

void dom0_take_memory(struct domain *d, const struct boot_info *bi)
{
    struct dom0_mem mem;
    uint64_t limit;

    if (dom0_mem_parse(opt_dom0_mem, &mem))
        dom0_cannot_start("dom0_mem=%s is not understood", opt_dom0_mem);
    uint64_t adopted = adopt_all(d, bi);
    uint64_t avail = pages_free() + adopted;
    /* What Lodge must have left for domain 0's own needs. */
    uint64_t keep = (MB(16) >> PAGE_SHIFT) + d->max_vcpus * 32ull + avail / 512;
    uint64_t want = dom0_mem_pages(&mem, avail, keep, &limit);
    if (want > adopted)
        adopted += claim(d, want - adopted);
    /* Charged when its number is known: nobody else allocates for d yet. */
    d->max_frames = (uint32_t)MIN(MAX(limit, adopted), (uint64_t)UINT32_MAX);
    if (adopted < want || domain_charge(d, (uint32_t)adopted, false))
        dom0_cannot_start("there are only %lu MiB of memory for domain 0, not "
                          "%lu", adopted >> 8, want >> 8);
    log_info("Domain 0: %lu MiB of memory, %lu MiB stay free\n",
             adopted >> 8, pages_free() >> 8);
    map_ram(d);
}

bool dom0_has_ram(uint64_t start, uint64_t end)
{
    for (unsigned int i = 0; i < dom0_ram.n; i++)
        if (start >= dom0_ram.r[i].start && end <= dom0_ram.r[i].end)
            return start < end;
    return false;
}

/* ---- later --------------------------------------------------------------- */

int dom0_populate(struct domain *d, gfn_t g, unsigned int order)
{
    uint64_t n = 1ull << order;
    int rc = domain_charge(d, (uint32_t)n, false);

    if (rc)
        return rc;
    if (page_claim_range(mfn(g.raw), n, d->id, true)) {
        domain_uncharge(d, (uint32_t)n, false);
        return -ENOMEM;
    }
    rc = p2m_map(d, g, mfn(g.raw), order, P2M_RAM);
    for (uint64_t i = 0; rc && i < n; i++)
        page_put(mfn_to_page(mfn(g.raw + i)));
    return rc;
}
