/* sources: hvm/mem/guest-walk.c hvm/mem/guest-copy.c hvm/mem/p2m.c hvm/mem/peek.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random page tables in each paging mode against a plain walk written out
 * per mode: the address, the fault and its error code, accessed and dirty
 * bits; tables outside RAM; copies across pages that differ; and frames that
 * leave the map between two looks.
 */
#include "hvm/mem/guest-copy.h"
#include "tests/unit/hvm-fakes.h"

TEST_PROGRAM;

#define PAGES 64 /* of RAM, from 0 on */

static struct vcpu *v;
static struct domain *d;

enum mode { PLAIN, LEGACY, PAE, LONG, MODES };

static struct {
    enum mode mode;
    bool wp, smep, pse, nxe;
    uint64_t cr3;
} cpu;

struct result {
    int rc;
    uint64_t gpa;
    uint32_t pfec;
    uint64_t path[4]; /* where the entries are, from the top */
    unsigned int bytes, depth;
    bool pdpte_first;
};

static uint64_t load(uint64_t at, unsigned int bytes)
{
    uint64_t e = 0;

    memcpy(&e, fake_gpa(d, at), bytes);
    return e;
}

static struct result refuse(struct result r, uint32_t access, uint32_t bits)
{
    r.rc = -EFAULT;
    r.pfec = bits | (access & (PFEC_WRITE | PFEC_USER));
    if ((access & PFEC_FETCH) &&
        (cpu.smep || (cpu.nxe && cpu.mode != LEGACY)))
        r.pfec |= PFEC_FETCH;
    return r;
}

/* SDM vol. 3A 4.3 to 4.6, one case after the other. */
static struct result model(uint64_t a, uint32_t access)
{
    static const unsigned int shifts[MODES][4] = {
        [LEGACY] = { 22, 12 }, [PAE] = { 30, 21, 12 },
        [LONG] = { 39, 30, 21, 12 },
    };
    static const unsigned int depth[MODES] = { 0, 2, 3, 4 };
    struct result r = { .bytes = cpu.mode == LEGACY ? 4 : 8 };
    bool w = true, u = true, x = true;
    uint64_t table, e = 0;
    unsigned int shift = 0;

    if (cpu.mode != LONG)
        a = (uint32_t)a;
    if (cpu.mode == PLAIN) {
        r.gpa = a;
        return r;
    }
    table = cpu.mode == PAE ? cpu.cr3 & 0xffffffe0
                            : cpu.cr3 & 0xffffffffff000;
    for (unsigned int i = 0; i < depth[cpu.mode]; i++) {
        bool pdpte = cpu.mode == PAE && i == 0, last;
        uint64_t index;

        shift = shifts[cpu.mode][i];
        index = a >> shift & (cpu.mode == LEGACY ? 1023 : pdpte ? 3 : 511);
        r.path[i] = table + index * r.bytes;
        if (r.path[i] >> PAGE_SHIFT >= PAGES) {
            r.rc = -EIO;
            return r;
        }
        r.depth = i + 1;
        e = load(r.path[i], r.bytes);
        if (!(e & 1))
            return refuse(r, access, 0);
        if (r.bytes == 8 && e >> 63 && !cpu.nxe)
            return refuse(r, access, PFEC_PRESENT | PFEC_RSVD);
        if (!pdpte) {
            w &= e >> 1 & 1;
            u &= e >> 2 & 1;
            x &= !(r.bytes == 8 && e >> 63);
        }
        last = shift == 12 ||
               ((e & 0x80) && (shift == 21 || (shift == 22 && cpu.pse) ||
                               (shift == 30 && cpu.mode == LONG)));
        if (last)
            break;
        table = e & 0xffffffffff000;
    }
    r.pdpte_first = cpu.mode == PAE;
    if ((access & PFEC_USER) && !u)
        return refuse(r, access, PFEC_PRESENT);
    if ((access & PFEC_WRITE) && !w && ((access & PFEC_USER) || cpu.wp))
        return refuse(r, access, PFEC_PRESENT);
    if ((access & PFEC_FETCH) &&
        (!x || (cpu.smep && u && !(access & PFEC_USER))))
        return refuse(r, access, PFEC_PRESENT);
    if (shift == 22) /* PSE-36 */
        r.gpa = (e & 0xffc00000) | (e & 0x1fe000) << 19;
    else
        r.gpa = e & 0xffffffffff000 & ~((1ull << shift) - 1);
    r.gpa |= a & ((1ull << shift) - 1);
    return r;
}

static void set_cpu(void)
{
    uint64_t *reg = doms[1].reg[0];

    cpu.mode = fake_random(MODES);
    cpu.wp = fake_random(2);
    cpu.smep = fake_random(2);
    cpu.pse = fake_random(2);
    cpu.nxe = fake_random(2);
    cpu.cr3 = fake_random(PAGES) << PAGE_SHIFT |
              (cpu.mode == PAE ? fake_random(127) << 5 : 0);
    if (cpu.mode == LEGACY)
        cpu.cr3 &= 0xfffff000;
    reg[REG_CR0] = CR0_PE | (cpu.mode == PLAIN ? 0 : CR0_PG) |
                   (cpu.wp ? CR0_WP : 0);
    reg[REG_CR3] = cpu.cr3;
    reg[REG_CR4] = (cpu.mode >= PAE ? CR4_PAE : 0) |
                   (cpu.pse ? CR4_PSE : 0) | (cpu.smep ? CR4_SMEP : 0);
    reg[REG_EFER] = (cpu.mode == LONG ? EFER_LME | EFER_LMA : 0) |
                    (cpu.nxe ? EFER_NXE : 0);
}

/* Entries that often lead on, and have every flag now and then. */
static void random_tables(void)
{
    for (uint64_t g = 0; g < PAGES; g++) {
        uint32_t *t = fake_gpa(d, g << PAGE_SHIFT);

        for (unsigned int i = 0; i < 1024; i++) {
            uint32_t low = fake_random(PAGES + 1) << 12 |
                           (fake_random(4) ? 7 : fake_random(8)) |
                           (fake_random(6) ? 0 : 0x80);

            /* Upper halves of 8-byte entries, too. */
            t[i] = cpu.mode == LEGACY || !(i & 1)
                       ? low | (fake_random(12) ? 1 : 0)
                       : fake_random(8) ? 0 : 0x80000000;
        }
    }
}

static void one_walk(void)
{
    static const uint32_t kinds[] = { 0, PFEC_WRITE, PFEC_FETCH };
    uint32_t access = kinds[fake_random(3)] |
                      (fake_random(2) ? PFEC_USER : 0), pfec = 0;
    uint64_t a = (uint64_t)fake_random(~0u) << 16 ^ fake_random(~0u);
    struct result want = model(a, access);
    gpa_t got = gpa(0);
    int rc = guest_walk(v, gva(a), access, &got, &pfec);

    CHECK_EQ(rc, want.rc);
    if (rc == -EFAULT)
        CHECK_EQ(pfec, want.pfec);
    if (rc)
        return;
    CHECK_EQ(got.raw, want.gpa);
    for (unsigned int i = want.pdpte_first; i < want.depth; i++) {
        uint64_t e = load(want.path[i], want.bytes);

        CHECK(e & 0x20);
        if (i + 1 == want.depth && (access & PFEC_WRITE))
            CHECK(e & 0x40);
    }
}

/* Copies, byte for byte, where a page in the middle is missing, read-only or
 * no RAM at all; nothing past the fault is touched. */
static void copies(void)
{
    static uint8_t buf[3 * PAGE_SIZE], out[3 * PAGE_SIZE];
    struct guest_fault f;

    doms[1].reg[0][REG_CR0] = CR0_PE;
    for (unsigned int i = 0; i < sizeof(buf); i++)
        buf[i] = (uint8_t)(i * 7 + 1);
    CHECK_EQ(guest_write(gva(0x1f00), buf, 2 * PAGE_SIZE), 0);
    CHECK_EQ(guest_read(out, gva(0x1f00), 2 * PAGE_SIZE), 0);
    CHECK(!memcmp(buf, out, 2 * PAGE_SIZE));
    CHECK_EQ(guest_read(out, gva((PAGES << PAGE_SHIFT) - 4), 5), -EFAULT);
    CHECK_EQ(guest_read(out, gva((PAGES << PAGE_SHIFT) - 4), 4), 0);
    CHECK_EQ(guest_read(out, gva(~0ull), 1), -EFAULT);
    CHECK_EQ(guest_read(out, gva(~0ull), 0), 0);
    CHECK_EQ(p2m_change_type(d, gfn(9), P2M_RAM, P2M_RAM_RO), 0);
    p2m_flush(d);
    memset(fake_gpa(d, 0x8000), 0, PAGE_SIZE);
    CHECK_EQ(guest_write(gva(0x8ffe), buf, 4), -EFAULT);
    CHECK_EQ(*(uint16_t *)fake_gpa(d, 0x8ffe), 0x0801);
    CHECK_EQ(guest_read(out, gva(0x8ffe), 4), 0);
    CHECK_EQ(p2m_change_type(d, gfn(9), P2M_RAM_RO, P2M_RAM), 0);
    CHECK_EQ(guest_fetch(v, out, gva((PAGES << PAGE_SHIFT) - 2), 2, 0, &f), 0);
    CHECK_EQ(guest_fetch(v, out, gva(PAGES << PAGE_SHIFT), 2, 0, &f), -EIO);
    CHECK_EQ(f.at.raw, PAGES << PAGE_SHIFT);
    CHECK_EQ(f.cr2, PAGES << PAGE_SHIFT);
    CHECK_EQ(p2m_map(d, gfn(PAGES), mfn(FAKE_FRAMES + 5), 0, P2M_MMIO), 0);
    CHECK_EQ(guest_read_phys(d, out, gpa(PAGES << PAGE_SHIFT), 1), -EFAULT);
    /* A page table that is no RAM: nothing of our stack is in the fault. */
    doms[1].reg[0][REG_CR0] = CR0_PE | CR0_PG;
    doms[1].reg[0][REG_CR3] = 0x40000000;
    memset(&f, 0xff, sizeof(f));
    CHECK_EQ(guest_fetch(v, out, gva(0x1000), 4, 0, &f), -EIO);
    CHECK_EQ(f.pfec, 0);
    CHECK_EQ(f.cr2, 0x1000);
    doms[1].reg[0][REG_CR0] = CR0_PE;
    /* Compare and exchange. */
    for (unsigned int n = 1; n <= 8; n *= 2) {
        uint64_t mask = n == 8 ? ~0ull : (1ull << n * 8) - 1, was = 0;

        memset(fake_gpa(d, 0x3000), 0x5a, 16);
        memcpy(&was, fake_gpa(d, 0x3000), n);
        CHECK(guest_cmpxchg_phys(gpa(0x3000), was, 0x1122334455667788, n));
        CHECK_EQ(load(0x3000, n), 0x1122334455667788 & mask);
        CHECK_EQ(load(0x3000 + n, 1), 0x5a);
        CHECK(!guest_cmpxchg_phys(gpa(0x3000), was, 1, n));
        CHECK_EQ(load(0x3000, n), 0x1122334455667788 & mask);
    }
    memset(fake_gpa(d, 0x3ffc), 0, 4);
    CHECK(!guest_cmpxchg_phys(gpa(0x3ffc), 0, 1, 8));
    CHECK_EQ(load(0x3ffc, 4), 0);
    CHECK(!guest_cmpxchg_phys(gpa(1ull << 52), 0, 1, 8));
    guest_frame_copy(p2m_lookup(d, gfn(5)).mfn, 100,
                     p2m_lookup(d, gfn(1)).mfn, 0xf00, 50);
    CHECK(!memcmp(fake_gpa(d, 0x5064), buf, 50));
}

/* Frames that were looked at and leave the map are not looked at again. */
static void moved_frames(void)
{
    const gpa_t at = gpa(0xc008);
    uint64_t word;
    uint8_t byte;

    fake_enter(d);
    memset(fake_gpa(d, 0xc000), 0xa1, PAGE_SIZE);
    CHECK(peek_word(v->hvm, 0, at, 8, false, &word));
    CHECK_EQ(word, 0xa1a1a1a1a1a1a1a1);
    CHECK(peek_word(v->hvm, 0, gpa(0xcffc), 4, false, &word));
    CHECK_EQ(word, 0xa1a1a1a1);
    CHECK_EQ(p2m_unmap(d, gfn(0xc), 0, INVALID_MFN), 0);
    CHECK(!peek_word(v->hvm, 0, at, 8, false, &word));
    CHECK_EQ(guest_write_phys(d, at, &byte, 1), -EFAULT);
    (void)fake_ram(d, 0xc, 0);
    memset(fake_gpa(d, 0xc000), 0xb2, PAGE_SIZE);
    CHECK_EQ(guest_read_phys(d, &byte, at, 1), 0);
    CHECK_EQ(byte, 0xb2);
    fake_enter(d);
    CHECK_EQ(guest_read_phys(d, &byte, at, 1), 0);
    CHECK_EQ(byte, 0xb2);
    /* Known and writable; then known, and to be read only. */
    CHECK_EQ(guest_write_phys(d, at, &byte, 1), 0);
    CHECK_EQ(p2m_change_type(d, gfn(0xc), P2M_RAM, P2M_RAM_RO), 0);
    p2m_flush(d);
    CHECK_EQ(guest_write_phys(d, at, &byte, 1), -EFAULT);
    fake_enter(d);
    CHECK_EQ(guest_read_phys(d, &byte, at, 1), 0);
    CHECK_EQ(guest_write_phys(d, at, &byte, 1), -EFAULT);
    /* Another domain's frame of the same number. */
    (void)fake_ram(&doms[2].d, 0xc, 0);
    memset(fake_gpa(&doms[2].d, 0xc000), 0xc3, PAGE_SIZE);
    CHECK_EQ(guest_read_phys(&doms[2].d, &byte, at, 1), 0);
    CHECK_EQ(byte, 0xc3);
    CHECK(peek_word(v->hvm, 0, at, 4, false, &word));
    CHECK_EQ(word, 0xb2b2b2b2);
}

/* Two frames with one slot, looked at in turn, are found once each. */
static void displaced_frames(void)
{
    const gpa_t at[] = { gpa(0x300ull << PAGE_SHIFT),
                         gpa(0x340ull << PAGE_SHIFT) };
    uint8_t byte;

    fake_enter(d);
    for (unsigned int i = 0; i < 2; i++)
        (void)fake_ram(d, gpa_to_gfn(at[i]).raw, 0);
    for (unsigned int i = 0; i < 2; i++)
        CHECK_EQ(guest_read_phys(d, &byte, at[i], 1), 0);
    const uint32_t once = v->hvm->peek->displaced;
    for (unsigned int i = 0; i < 10; i++)
        CHECK_EQ(guest_read_phys(d, &byte, at[i % 2], 1), 0);
    CHECK_EQ(v->hvm->peek->displaced, once);
}

/* How many windows show what may not be shown again without a look. */
static unsigned int lent_windows(void)
{
    const struct peek_set *s = v->hvm->peek;
    unsigned int n = 0;

    for (unsigned int i = 0; i < PEEK_WINDOWS; i++)
        n += test_bit(i, s->used) && !s->slot[i].key;
    return n;
}

/* A lent frame that goes is not looked at again, and makes nothing stale; one
 * of the domain's own does. */
static void lent_frames(void)
{
    const gfn_t at = gfn(PAGES + 8);
    const enum p2m_type types[] = { P2M_FOREIGN, P2M_GRANT_RW, P2M_GRANT_RO };
    struct page *pg;
    uint64_t word;

    (void)fake_ram(&doms[2].d, 0xd, 0);
    memset(fake_gpa(&doms[2].d, 0xd000), 0xd4, PAGE_SIZE);
    for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
        fake_enter(d);
        CHECK_EQ(guest_frame_get(&doms[2].d, gfn(0xd), false, &pg), 0);
        CHECK_EQ(p2m_map(d, at, page_to_mfn(pg), 0, types[i]), 0);
        for (unsigned int twice = 0; twice < 2; twice++) {
            CHECK(peek_word(v->hvm, 0, gpa(at.raw << PAGE_SHIFT), 8, false, &word));
            CHECK_EQ(word, 0xd4d4d4d4d4d4d4d4);
        }
        CHECK_EQ(!peek_page(0, at, true), types[i] == P2M_GRANT_RO);
        if (types[i] == P2M_FOREIGN) {
            CHECK_EQ(p2m_unmap(d, at, 0, page_to_mfn(pg)), 0);
        } else {
            page_get(pg);
            CHECK_EQ(guest_grant_unmap(d, at, page_to_mfn(pg)), 0);
            guest_grant_flush(d);
            page_put(pg);
        }
        CHECK(!v->hvm->peek_stale);
        CHECK(test_bit(PENDING_P2M, &v->pending));
        CHECK_EQ(lent_windows(), types[i] != P2M_GRANT_RO);
        peek_update(v); /* what that makes the vCPU do */
        CHECK(!lent_windows());
        CHECK(!peek_word(v->hvm, 0, gpa(at.raw << PAGE_SHIFT), 8, false, &word));
    }
    CHECK_EQ(p2m_unmap(d, gfn(0xb), 0, INVALID_MFN), 0);
    CHECK(v->hvm->peek_stale);
    (void)fake_ram(d, 0xb, 0);
}

/* Frames with one slot for all of them, of more vCPUs than a CPU has sets of
 * windows, on two CPUs, while frames are replaced. */
static void many_lookers(void)
{
    enum { FRAMES = 8, APART = 64, FIRST = 0x200 };
    uint8_t there[NR_DOMS][FRAMES], next = 0, byte;
    unsigned int seed = 1;

    for (unsigned int i = 0; i < NR_DOMS * FRAMES; i++) {
        (void)fake_ram(&doms[i % NR_DOMS].d, FIRST + i / NR_DOMS * APART, 0);
        there[i % NR_DOMS][i / NR_DOMS] = 0;
    }
    for (unsigned int i = 0; i < NR_DOMS * FRAMES; i++)
        memset(fake_gpa(&doms[i % NR_DOMS].d,
                        (FIRST + i / NR_DOMS * APART) << PAGE_SHIFT), 0, 1);
    for (unsigned int round = 0; round < 20000; round++) {
        unsigned int r = seed = seed * 1103515245 + 12345;
        unsigned int of = r >> 8 & 0xff, i = r >> 16 & (FRAMES - 1);
        struct fake_dom *f = &doms[of % NR_DOMS];
        gpa_t at = gpa((uint64_t)(FIRST + i * APART) << PAGE_SHIFT);
        uint8_t *known = &there[of % NR_DOMS][i];

        fake_set_cpu(r >> 20 & 1);
        fake_run_as(&f->v[r >> 21 & 1]);
        if ((r >> 24) % 16 == 0) {
            CHECK_EQ(p2m_unmap(&f->d, gpa_to_gfn(at), 0, INVALID_MFN), 0);
            CHECK_EQ(guest_read_phys(&f->d, &byte, at, 1), -EFAULT);
            (void)fake_ram(&f->d, gpa_to_gfn(at).raw, 0);
            *(uint8_t *)fake_gpa(&f->d, at.raw) = *known = ++next;
        } else if ((r >> 24) % 16 == 1) {
            *known = ++next;
            CHECK_EQ(guest_write_phys(&f->d, at, known, 1), 0);
        }
        CHECK_EQ(guest_read_phys(&f->d, &byte, at, 1), 0);
        CHECK_EQ(byte, *known);
    }
    fake_set_cpu(0);
}

int main(void)
{
    fake_doms_create();
    d = &doms[1].d;
    v = &doms[1].v[0];
    for (uint64_t g = 0; g < PAGES; g++)
        (void)fake_ram(d, g, 0);
    for (unsigned int i = 0; i < 40; i++) {
        set_cpu();
        random_tables();
        for (unsigned int n = 0; n < 1000; n++)
            one_walk();
    }
    copies();
    moved_frames();
    lent_frames();
    displaced_frames();
    many_lookers();
    fake_doms_destroy();
    return test_result();
}
