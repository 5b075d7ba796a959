/* sources: hvm/io/bus.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/* The bus: who gets which access, what may not be added. */
#include <string.h>

#include "hypervisor/abi/errno.h"
#include "tests/unit/bus.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

/* A device that remembers its last access. */
struct dev {
    uint64_t addr, val;
    unsigned int size, reads, writes;
    enum bus_rc rc;
};

static enum bus_rc touch(void *dev, uint64_t addr, unsigned int size,
                         bool write, uint64_t *val)
{
    struct dev *t = dev;

    t->addr = addr;
    t->size = size;
    if (write) {
        t->val = *val;
        t->writes++;
    } else {
        CHECK_EQ(*val, ~0ull);
        *val = 0x1122334455667788;
        t->reads++;
    }
    return t->rc;
}

#define PORTS(base, len) { BUS_PORT, base, len, touch }
#define MMIO(base, len) { BUS_MMIO, base, len, touch }

static void test_ports(void)
{
    static const struct bus_range ra[] = { PORTS(0x20, 2), PORTS(0xfff0, 16) };
    static const struct bus_range rb[] = { PORTS(0x22, 4), PORTS(0xfe, 4) };
    static const struct { uint16_t port; uint8_t size; char who; } t[] = {
        { 0x1f, 1, 0 }, { 0x20, 1, 'a' }, { 0x20, 2, 'a' }, { 0x20, 4, 0 },
        { 0x21, 2, 0 }, { 0x22, 4, 'b' }, { 0x23, 4, 0 }, { 0x1f, 2, 0 },
        { 0xfe, 4, 'b' }, { 0x101, 1, 'b' }, { 0x102, 1, 0 },
        { 0xffff, 1, 'a' }, { 0xffff, 2, 0 }, { 0xfffc, 4, 'a' },
        { 0xffef, 1, 0 }, { 0, 1, 0 }, { 0x120, 1, 0 }, { 0xff21, 1, 0 },
        { 0xfff0, 8, 'a' }, { 0xfffc, 8, 0 },
    };
    struct dev a = { 0 }, b = { 0 };
    struct bus bus;
    uint64_t v;

    memset(&bus, 0, sizeof(bus));
    CHECK_EQ(bus_add(&bus, ra, 2, &a), 0);
    CHECK_EQ(bus_add(&bus, rb, 2, &b), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        unsigned int before_a = a.reads + a.writes;
        unsigned int before_b = b.reads + b.writes;
        enum bus_rc want = t[i].who ? BUS_OK : BUS_NONE;

        v = 99;
        CHECK_EQ(bus_port_read(&bus, t[i].port, t[i].size, &v), want);
        CHECK_EQ(v, !t[i].who ? 99 : 0x1122334455667788ull &
                 (t[i].size == 8 ? ~0ull : (1ull << t[i].size * 8) - 1));
        CHECK_EQ(bus_port_write(&bus, t[i].port, t[i].size, ~0ull), want);
        CHECK_EQ(a.reads + a.writes - before_a, t[i].who == 'a' ? 2 : 0);
        CHECK_EQ(b.reads + b.writes - before_b, t[i].who == 'b' ? 2 : 0);
    }
    CHECK_EQ(a.addr, 0xfff0);
    CHECK_EQ(b.addr, 0x101);
    CHECK_EQ(b.val, 0xff);
    CHECK_EQ(b.size, 1);
    b.rc = BUS_NONE;
    v = 99;
    CHECK_EQ(bus_port_read(&bus, 0x22, 1, &v), BUS_NONE);
    CHECK_EQ(v, 99);
}

static void test_mmio(void)
{
    static const struct bus_range r[] = {
        MMIO(0xfec00000, 0x100), MMIO(0xfed00000, 0x400), MMIO(0xa0000, 0x10),
        MMIO(0xfffffffffffff000ull, 0x1000),
    };
    static const struct { uint64_t gpa; uint8_t size; bool hit; } t[] = {
        { 0xfebfffff, 1, 0 }, { 0xfec00000, 1, 1 }, { 0xfec000f8, 8, 1 },
        { 0xfec000fc, 8, 0 }, { 0xfec00100, 1, 0 }, { 0xa0000, 8, 1 },
        { 0x9ffff, 1, 0 }, { 0xa0010, 1, 0 }, { 0xfed003fc, 4, 1 },
        { 0xfed00400, 4, 0 }, { ~0ull, 1, 1 }, { ~0ull - 7, 8, 1 },
        { ~0ull - 6, 8, 0 }, { 0, 8, 0 },
    };
    struct dev a = { 0 };
    struct bus bus;
    uint64_t v;

    memset(&bus, 0, sizeof(bus));
    CHECK_EQ(bus_mmio_read(&bus, 0xfec00000, 4, &v), BUS_NONE);
    CHECK_EQ(bus_add(&bus, r, 4, &a), 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        enum bus_rc want = t[i].hit ? BUS_OK : BUS_NONE;

        CHECK_EQ(bus_mmio_read(&bus, t[i].gpa, t[i].size, &v), want);
        CHECK_EQ(bus_mmio_write(&bus, t[i].gpa, t[i].size, 1), want);
        if (t[i].hit)
            CHECK_EQ(a.addr, t[i].gpa);
    }
    CHECK(bus_claims(&bus, BUS_MMIO, 0xfed003ff));
    CHECK(!bus_claims(&bus, BUS_MMIO, 0xfed00400));
}

/* What is refused leaves no trace; what was added before it stays. */
static void test_refused(void)
{
    static const struct bus_range first[] = { PORTS(0x70, 2),
                                              MMIO(0x1000, 0x1000) };
    static const struct { struct bus_range r[2]; int rc; } t[] = {
        { { PORTS(0x80, 1), PORTS(0x71, 4) }, -EEXIST },
        { { PORTS(0x80, 1), PORTS(0x6e, 3) }, -EEXIST },
        { { PORTS(0x80, 4), PORTS(0x83, 1) }, -EEXIST },
        { { PORTS(0x80, 1), MMIO(0x1fff, 1) }, -EEXIST },
        { { PORTS(0x80, 1), MMIO(0xfff, 2) }, -EEXIST },
        { { PORTS(0x80, 1), MMIO(0, 0x10000) }, -EEXIST },
        { { MMIO(0x3000, 1), MMIO(0x3000, 1) }, -EEXIST },
        { { PORTS(0x80, 1), PORTS(0xffff, 2) }, -EINVAL },
        { { PORTS(0x80, 1), PORTS(0x90, 0) }, -EINVAL },
        { { PORTS(0x80, 1), MMIO(~0ull, 2) }, -EINVAL },
    };
    struct dev a = { 0 };
    struct bus bus;
    uint64_t v;

    for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
        const struct bus_range *one = t[i].r;

        memset(&bus, 0, sizeof(bus));
        CHECK_EQ(bus_add(&bus, first, 2, &a), 0);
        CHECK_EQ(bus_add(&bus, one, 2, &a), t[i].rc);
        CHECK_EQ(bus_claims(&bus, BUS_PORT, 0x80), one->kind == BUS_PORT);
        CHECK_EQ(bus_claims(&bus, BUS_MMIO, 0x3000), one->kind == BUS_MMIO);
        CHECK(!bus_claims(&bus, BUS_PORT, 0x6f));
        CHECK(!bus_claims(&bus, BUS_PORT, 0x72));
        CHECK(!bus_claims(&bus, BUS_PORT, 0xffff));
        CHECK(!bus_claims(&bus, BUS_MMIO, 0xfff));
        CHECK_EQ(bus_port_read(&bus, 0x71, 1, &v), BUS_OK);
        CHECK_EQ(bus_mmio_read(&bus, 0x1fff, 1, &v), BUS_OK);
    }
}

static void test_full(void)
{
    struct bus_range r = PORTS(0, 1);
    struct dev a = { 0 };
    struct bus bus;
    uint64_t v;
    int rc = 0;

    memset(&bus, 0, sizeof(bus));
    for (unsigned int i = 0; !rc; i++) { /* tables of ports first, then slots */
        r.base = i * 256;
        rc = bus_add(&bus, &r, 1, &a);
        CHECK_EQ(rc, i < BUS_MAX_PAGES - 1 ? 0 : -ENOSPC);
    }
    rc = 0;
    for (unsigned int i = BUS_MAX_PAGES - 1; !rc; i++) {
        r.base = i;
        rc = bus_add(&bus, &r, 1, &a);
        CHECK_EQ(rc, i < BUS_MAX_SLOTS - 1 ? 0 : -ENOSPC);
    }
    CHECK_EQ(bus_port_read(&bus, BUS_MAX_SLOTS - 2, 1, &v), BUS_OK);
    CHECK_EQ(bus_port_read(&bus, BUS_MAX_SLOTS - 1, 1, &v), BUS_NONE);
    memset(&bus, 0, sizeof(bus));
    r.kind = BUS_MMIO;
    rc = 0;
    for (unsigned int i = 0; !rc; i++) {
        r.base = 1000 - i;
        rc = bus_add(&bus, &r, 1, &a);
        CHECK_EQ(rc, i < BUS_MAX_SLOTS - 1 ? 0 : -ENOSPC);
    }
    for (unsigned int i = 0; i < BUS_MAX_SLOTS - 1; i++)
        CHECK(bus_claims(&bus, BUS_MMIO, 1000 - i));
}

static void test_move(void)
{
    static const struct bus_range r[] = { PORTS(0x1f48, 4), PORTS(0x1f40, 4) };
    struct dev a = { 0 };
    struct bus bus;
    uint64_t v;

    memset(&bus, 0, sizeof(bus));
    CHECK_EQ(bus_add(&bus, r, 2, &a), 0);
    CHECK_EQ(bus_move(&bus, 0x1f49, 0xb000), -ENOENT);
    CHECK_EQ(bus_move(&bus, 0x1f50, 0xb000), -ENOENT);
    CHECK_EQ(bus_move(&bus, 0x1f48, 0x1f43), -EEXIST);
    CHECK_EQ(bus_move(&bus, 0x1f48, 0xfffd), -EINVAL);
    CHECK_EQ(bus_port_read(&bus, 0x1f48, 4, &v), BUS_OK);
    CHECK_EQ(bus_move(&bus, 0x1f48, 0xb008), 0);
    CHECK_EQ(bus_port_read(&bus, 0x1f48, 4, &v), BUS_NONE);
    CHECK_EQ(bus_port_read(&bus, 0xb008, 4, &v), BUS_OK);
    CHECK_EQ(a.addr, 0xb008);
    /* The old place is free for others. */
    CHECK_EQ(bus_add(&bus, r, 1, &a), 0);
    CHECK_EQ(bus_port_read(&bus, 0x1f4b, 1, &v), BUS_OK);
    /* To a place that overlaps the old one. */
    CHECK_EQ(bus_move(&bus, 0xb008, 0xb00a), 0);
    CHECK_EQ(bus_port_read(&bus, 0xb008, 1, &v), BUS_NONE);
    CHECK_EQ(bus_port_read(&bus, 0xb00a, 4, &v), BUS_OK);
}

int main(void)
{
    test_ports();
    test_mmio();
    test_refused();
    test_full();
    test_move();
    return test_result();
}
