/* sources: hvm/mem/p2m.c hvm/mem/peek.c hvm/mem/guest-copy.c hvm/mem/guest-walk.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the emulator's accesses become: RAM is read and written, devices get
 * accesses as wide as alignment allows, ROMs ignore writes, and repeated
 * string operations are one request to a device model, or are refused where
 * that cannot be.
 */
#include "hvm/access.c"
#include "tests/unit/hvm-fakes.h"

TEST_PROGRAM;

#define RAM 0x4000      /* two pages */
#define ROM 0x8000
#define DEVICE 0xf0000000
#define VGA 0xa0000
#define VGA_END 0xc0000

static struct vcpu *v;
static struct vlapic apic; /* off */
static struct domain *d;

/* --- What is asked of others. --- */

static struct {
    struct ioreq a;
    enum io_rc rc;
    unsigned int n;
} sent;

enum io_rc ioreq_send(struct vcpu *who, struct ioreq *a)
{
    CHECK(who == v);
    sent.a = *a;
    sent.n++;
    return sent.rc;
}

static struct {
    uint64_t at, val;
    unsigned int size, n;
    bool write;
} touched[8];
static unsigned int touches;

static void touch(uint64_t at, unsigned int size, bool write, uint64_t val)
{
    touched[touches].at = at;
    touched[touches].size = size;
    touched[touches].write = write;
    touched[touches++].val = val;
}

enum bus_rc bus_mmio_access(const struct bus *b, uint64_t at,
                            unsigned int size, bool write, uint64_t *val)
{
    touch(at, size, write, write ? *val : 0);
    if (!write)
        *val = 0x8877665544332211;
    return BUS_OK;
}

uint64_t vlapic_mmio_read(struct vlapic *a, unsigned int offset,
                          unsigned int size)
{
    return 0;
}

void vlapic_mmio_write(struct vlapic *a, unsigned int offset,
                       unsigned int size, uint64_t val)
{
}

bool vpci_mmio_access(uint64_t at, unsigned int size, bool write, uint64_t *val)
{
    return false;
}

int dom0_map_mmio(struct domain *who, gfn_t g)
{
    return -EPERM;
}

void dirty_mark(struct domain *who, gfn_t g)
{
}

bool bus_claims(const struct bus *b, enum bus_kind kind, uint64_t addr)
{
    return kind == BUS_PORT && addr == 0x40;
}

unsigned int hvm_fetch(struct vcpu *who, uint64_t la, void *buf,
                       unsigned int n, struct guest_fault *f)
{
    *f = (struct guest_fault){ 0 };
    return 0;
}

unsigned int hvm_code_bytes(enum hvm_mode m)
{
    return 8;
}

void hvm_fpu_save(struct vcpu *who)
{
}

void hvm_fpu_load(struct vcpu *who)
{
}

enum emul_rc emul_mmio(struct emul_ctx *ctx)
{
    return EMUL_OK;
}

enum emul_rc emul_string_io(struct emul_ctx *ctx, const struct exit_port *io)
{
    return EMUL_OK;
}

bool emul_one_place(const struct emul_ctx *ctx)
{
    return true;
}

enum emul_rc emul_page_fault(struct emul_ctx *c, uint64_t la, uint32_t pfec)
{
    return EMUL_FAULT;
}

void hvm_raise(struct vcpu *who, unsigned int vector, uint32_t error,
               uint64_t cr2)
{
}

void hvm_end_insn(struct vcpu *who, bool step)
{
}

/* --- The cases. --- */

static struct glue g;
static struct vmexit npf;
static struct emul_ctx c;

static void begin(void)
{
    memset(&sent, 0, sizeof(sent));
    memset(touched, 0, sizeof(touched));
    touches = 0;
    memset(&c, 0, sizeof(c));
    g = (struct glue){ .v = v };
    c.ops = &glue_ops;
    c.opaque = &g;
}

static void memory_and_devices(void)
{
    uint8_t buf[16];

    begin();
    memset(buf, 0x5a, sizeof(buf));
    CHECK_EQ(c.ops->write(&c, RAM + 0xffc, buf, 8), EMUL_OK);
    CHECK_EQ(*(uint8_t *)fake_gpa(d, RAM + 0x1003), 0x5a);
    CHECK_EQ(*(uint8_t *)fake_gpa(d, RAM + 0x1004), 0);
    memset(buf, 0, sizeof(buf));
    CHECK_EQ(c.ops->read(&c, RAM + 0xffc, buf, 8, false), EMUL_OK);
    CHECK_EQ(buf[7], 0x5a);
    /* A ROM reads, and ignores writes. */
    CHECK_EQ(c.ops->write(&c, ROM, buf, 4), EMUL_OK);
    CHECK_EQ(*(uint8_t *)fake_gpa(d, ROM), 0);
    CHECK_EQ(touches, 0);
    /* 7 bytes of a device: 4, 2, 1. */
    CHECK_EQ(c.ops->read(&c, DEVICE, buf, 7, false), EMUL_OK);
    CHECK_EQ(touches, 3);
    CHECK_EQ(touched[0].size, 4);
    CHECK_EQ(touched[1].at, DEVICE + 4);
    CHECK_EQ(touched[1].size, 2);
    CHECK_EQ(touched[2].at, DEVICE + 6);
    CHECK_EQ(touched[2].size, 1);
    CHECK_EQ(buf[3], 0x44);
    CHECK_EQ(buf[4], 0x11);
}

/* The page that the exit was about is what it was then. */
static void place_of_the_exit(void)
{
    uint8_t buf[4] = { 1, 2, 3, 4 };

    begin();
    npf.npf.write = true;
    npf.npf.gpa = gpa(RAM + 0x10);
    g.npf = &npf;
    g.npf_type = P2M_NONE;
    CHECK_EQ(c.ops->write(&c, RAM + 0x10, buf, 4), EMUL_OK);
    CHECK_EQ(touches, 1);
    CHECK_EQ(touched[0].at, RAM + 0x10);
    CHECK_EQ(touched[0].val, 0x04030201);
    CHECK_EQ(c.ops->write(&c, RAM + 0x1000, buf, 4), EMUL_OK);
    CHECK_EQ(touches, 1);
    CHECK_EQ(*(uint8_t *)fake_gpa(d, RAM + 0x1000), 1);
}

static enum emul_rc rep(uint8_t kind, uint16_t port, uint8_t bytes,
                        unsigned int count, bool df)
{
    struct emul_rep r = { .kind = kind, .bytes = bytes, .df = df,
                          .port = port, .src = RAM, .dst = RAM,
                          .count = count };
    enum emul_rc rc;

    begin();
    rc = c.ops->rep(&c, &r);
    CHECK_EQ(r.count, count);
    return rc;
}

static void ports(void)
{
    static const struct {
        uint8_t kind;
        uint16_t port;
        uint8_t bytes;
        unsigned int count;
        bool df;
        uint32_t size, sent;
    } cases[] = {
        { EMUL_REP_INS, 0x3f8, 1, 10, false, 1, 10 },
        { EMUL_REP_OUTS, 0x3f8, 2, 256, false, 2, 256 },
        /* Blocks of ATA's data registers go by 32 bits. */
        { EMUL_REP_INS, 0x1f0, 2, 256, false, 4, 128 },
        { EMUL_REP_INS, 0x170, 2, 1024, false, 4, 512 },
        { EMUL_REP_OUTS, 0x1f0, 2, 64, false, 4, 32 },
        { EMUL_REP_INS, 0x1f0, 4, 128, false, 4, 128 },
        { EMUL_REP_INS, 0x1f0, 1, 512, false, 1, 512 },
        { EMUL_REP_INS, 0x1f0, 2, 255, false, 2, 255 },
        { EMUL_REP_INS, 0x1f0, 2, 18, false, 2, 18 },
        { EMUL_REP_INS, 0x1f0, 2, 256, true, 2, 256 },
        { EMUL_REP_INS, 0x1f2, 2, 256, false, 2, 256 },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        CHECK_EQ(rep(cases[i].kind, cases[i].port, cases[i].bytes,
                     cases[i].count, cases[i].df), EMUL_OK);
        CHECK_EQ(sent.n, 1);
        CHECK_EQ(sent.a.type, IOREQ_TYPE_PIO);
        CHECK_EQ(sent.a.dir, cases[i].kind == EMUL_REP_OUTS ? IOREQ_WRITE
                                                          : IOREQ_READ);
        CHECK_EQ(sent.a.addr, cases[i].port);
        CHECK_EQ(sent.a.data, RAM);
        CHECK_EQ(sent.a.data_is_ptr, true);
        CHECK_EQ(sent.a.df, cases[i].df);
        CHECK_EQ(sent.a.size, cases[i].size);
        CHECK_EQ(sent.a.count, cases[i].sent);
    }
    /* A port of Lodge's own goes element by element. */
    CHECK_EQ(rep(EMUL_REP_INS, 0x40, 1, 10, false), EMUL_UNHANDLEABLE);
    CHECK_EQ(sent.n, 0);
}

static enum emul_rc move(uint8_t kind, uint64_t src, uint64_t dst)
{
    struct emul_rep r = { .kind = kind, .bytes = 4, .src = src, .dst = dst,
                          .value = 0x1234, .count = 8 };

    begin();
    return c.ops->rep(&c, &r);
}

static void memory_moves(void)
{
    CHECK_EQ(move(EMUL_REP_MOVS, DEVICE, RAM), EMUL_OK);
    CHECK_EQ(sent.a.type, IOREQ_TYPE_COPY);
    CHECK_EQ(sent.a.dir, IOREQ_READ);
    CHECK_EQ(sent.a.addr, DEVICE);
    CHECK_EQ(sent.a.data, RAM);
    CHECK_EQ(move(EMUL_REP_MOVS, RAM, DEVICE), EMUL_OK);
    CHECK_EQ(sent.a.dir, IOREQ_WRITE);
    CHECK_EQ(sent.a.addr, DEVICE);
    CHECK_EQ(sent.a.data, RAM);
    CHECK_EQ(move(EMUL_REP_STOS, 0, DEVICE), EMUL_OK);
    CHECK_EQ(sent.a.data, 0x1234);
    CHECK_EQ(sent.a.data_is_ptr, false);
    CHECK_EQ(move(EMUL_REP_MOVS, RAM, RAM + 0x1000), EMUL_UNHANDLEABLE);
    CHECK_EQ(move(EMUL_REP_MOVS, DEVICE, DEVICE + 0x1000), EMUL_UNHANDLEABLE);
    CHECK_EQ(move(EMUL_REP_STOS, 0, RAM), EMUL_UNHANDLEABLE);
    CHECK_EQ(sent.n, 0);
}

/* From RAM and to it by 64 bits, inside as it is. */
static void vga_window(void)
{
    static const struct {
        uint64_t src, dst;      /* src 0: STOS */
        uint8_t bytes;
        bool df, ok;
        unsigned int count;
        uint32_t size, sent;
        uint64_t addr, data;
    } cases[] = {
        { VGA, RAM, 1, false, true, 80, 8, 10, VGA, RAM },
        { RAM, VGA, 2, false, true, 80, 8, 20, VGA, RAM },
        { RAM, VGA, 2, false, true, 81, 2, 81, VGA, RAM },
        { RAM + 158, VGA + 158, 2, true, true, 80, 2, 80, VGA + 158,
          RAM + 158 },
        { VGA, RAM, 8, false, true, 4, 8, 4, VGA, RAM },
        { 0, VGA, 1, false, true, 16, 8, 2, VGA, 0x3232323232323232 },
        { 0, VGA, 2, false, true, 4, 8, 1, VGA, 0x1232123212321232 },
        { 0, VGA, 4, false, true, 4, 8, 2, VGA, 0x9876123298761232 },
        { 0, VGA, 2, true, true, 4, 2, 4, VGA, 0x4598761232 },
        { VGA + 160, VGA, 2, false, true, 80, 2, 80, VGA + 160, VGA },
        { VGA, VGA + 1, 1, false, true, 8, 1, 8, VGA, VGA + 1 },
        /* One element, or all, are elsewhere. */
        { VGA, RAM, 8, true, true, 2, 8, 2, VGA, RAM },
        { VGA_END - 4, VGA, 4, false, false, 2, 0, 0, 0, 0 },
        { VGA, VGA_END - 4, 4, false, false, 2, 0, 0, 0, 0 },
        { VGA, VGA + 8, 4, true, false, 2, 0, 0, 0, 0 },
        { VGA_END, VGA, 4, false, false, 2, 0, 0, 0, 0 },
        { RAM, VGA_END - 4, 4, false, true, 2, 4, 2, VGA_END - 4, RAM },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
        struct emul_rep r = {
            .kind = cases[i].src ? EMUL_REP_MOVS : EMUL_REP_STOS,
            .bytes = cases[i].bytes, .src = cases[i].src, .dst = cases[i].dst,
            .value = 0x4598761232, .df = cases[i].df, .count = cases[i].count };

        begin();
        CHECK_EQ(c.ops->rep(&c, &r),
                 cases[i].ok ? EMUL_OK : EMUL_UNHANDLEABLE);
        CHECK_EQ(r.count, cases[i].count);
        CHECK_EQ(sent.n, cases[i].ok);
        if (!cases[i].ok)
            continue;
        CHECK_EQ(sent.a.addr, cases[i].addr);
        CHECK_EQ(sent.a.data, cases[i].data);
        CHECK_EQ(sent.a.data_is_ptr, cases[i].src != 0);
        CHECK_EQ(sent.a.dir, cases[i].src < VGA ? IOREQ_WRITE : IOREQ_READ);
        CHECK_EQ(sent.a.size, cases[i].size);
        CHECK_EQ(sent.a.count, cases[i].sent);
        CHECK_EQ(sent.a.df, cases[i].df);
    }
}

int main(void)
{
    unsigned int before = fake_allocs();

    fake_doms_create();
    d = &doms[1].d;
    v = &doms[1].v[0];
    v->hvm->lapic = &apic;
    for (unsigned int i = 0; i < 2; i++)
        (void)fake_ram(d, (RAM >> PAGE_SHIFT) + i, 0);
    (void)fake_ram(d, ROM >> PAGE_SHIFT, 0);
    CHECK_EQ(p2m_change_type(d, gfn(ROM >> PAGE_SHIFT), P2M_RAM, P2M_RAM_RO),
             0);
    memory_and_devices();
    place_of_the_exit();
    ports();
    memory_moves();
    vga_window();
    fake_doms_destroy();
    CHECK_EQ(fake_allocs(), before);
    return test_result();
}
