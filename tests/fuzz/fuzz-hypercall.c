/* sources: hypervisor/hypercall/memory-op.c hypervisor/hypercall/dm-op.c hypervisor/hypercall/domctl.c hypervisor/hypercall/sysctl.c hypervisor/hypercall/hvm-op.c hypervisor/hypercall/subop.c hypervisor/hypercall/version-op.c hypervisor/hypercall/console-io.c hvm/mem/p2m.c hvm/mem/peek.c hvm/mem/guest-copy.c hvm/mem/guest-walk.c hvm/io/ioreq.c hvm/dirty.c hvm/params.c hvm/pvtime.c hvm/save/records.c hvm/policy/cpuid.c hypervisor/core/access.c hypervisor/lib/rangeset.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hypercalls with any argument, by any of three domains (domain 0, a guest,
 * its device model's domain), on real maps, with memory that runs out. No
 * crash, no lock or window held at the end, no frame and no reference lost,
 * no frame freed while a TLB reaches it.
 *
 * Input: calls, each { call, command, who, failure, length } and so many
 * bytes of argument. A word of it whose upper bytes are 0xa5a5 becomes a
 * pointer into the argument pages.
 */
#include "tests/unit/hvm-fakes.h"
#include "tests/unit/record-fakes.h"
#include "tests/unit/hypercall-fakes.h"

TEST_PROGRAM;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned int seed);

#define ARGS (ARG_GFN << PAGE_SHIFT)
#define ARG_PAGES 4u

struct head {
    uint8_t call, command, who, failure, length;
};

/* Stores the argument at ARGS. */
static void arguments(const uint8_t *p, size_t n)
{
    uint8_t *to = fake_gpa(current->domain, ARGS);

    memcpy(to, p, n);
    for (size_t i = 0; i + 8 <= n; i += 4) {
        uint64_t w;

        memcpy(&w, to + i, 8);
        if (w >> 48 != 0xa5a5)
            continue;
        w = ARGS + (w & (ARG_PAGES * PAGE_SIZE - 1));
        memcpy(to + i, &w, 8);
    }
}

static void set_word(unsigned int offset, uint32_t v)
{
    memcpy((char *)fake_gpa(current->domain, ARGS) + offset, &v, sizeof(v));
}

static long dm_op(unsigned int command)
{
    struct xen_dm_op_buf bufs[2] = {
        { .h = { .addr = ARGS }, .size = 200 },
        { .h = { .addr = ARGS + PAGE_SIZE }, .size = PAGE_SIZE },
    };
    const uint64_t at = ARGS + 2 * PAGE_SIZE;

    set_word(0, command % 24);
    set_word(4, command >> 7);
    (void)fake_put(at, bufs, sizeof(bufs));
    return do_dm_op(command & 0x20 ? 2 : 1, command & 0x40 ? 1 : 2,
                    guest_ptr_make(void, at));
}

static long one(const struct head *h, unsigned long cmd)
{
    void_gptr_t arg = guest_ptr_make(void, ARGS);

    switch (h->call % 8) {
    case 0: case 1:
        return do_memory_op((unsigned int)cmd, arg);
    case 2:
        return dm_op(h->command);
    case 3:
        set_word(0, h->command & 0x7f);
        set_word(4, XEN_DOMCTL_INTERFACE_VERSION);
        set_word(8, h->command & 0x80 ? DOMID_SELF : h->failure % NR_DOMS);
        return do_domctl(arg);
    case 4:
        set_word(0, h->command & 0x1f);
        set_word(4, XEN_SYSCTL_INTERFACE_VERSION);
        return do_sysctl(arg);
    case 5:
        return do_hvm_op(h->command & 0x1f, arg);
    case 6:
        return h->command & 0x80 ? do_vm_assist(h->command & 3, h->failure)
                                 : do_xen_version(h->command & 0x1f, arg);
    default:
        return do_console_io(h->command & 3, h->length * 5u, arg);
    }
}

static void call(const struct head *h, const uint8_t *p, size_t n)
{
    unsigned long cmd = h->command & 0x3f;
    long rc;

    fake_run_as(&doms[h->who % NR_DOMS].v[h->who >> 4 & 1]);
    current->domain->hvm->compat = h->who & 0x80;
    arguments(p, n);
    fake_fail_after(h->failure & 0x80 ? h->failure & 7 : -1);
    fake_preempt = true; /* long lists end after 40 entries */
    for (unsigned int i = 0; i < 40; i++) {
        fake_restarts = 0;
        rc = one(h, cmd);
        if (fake_locks_held() || fake_windows())
            abort();
        if (rc != -ERESTART)
            break;
        if (fake_restarts && h->call % 8 < 2)
            cmd = fake_restart_args[0];
    }
    fake_fail_after(-1);
    fake_preempt = false;
    for (unsigned int i = 0; i < NR_DOMS; i++) {
        if (doms[i].d.hvm->p2m && doms[i].d.dying == DOMAIN_ALIVE) {
            fake_enter(&doms[i].d);
            fake_touch(&doms[i].d, gfn(ARG_GFN + n % 64));
        }
        doms[i].h.compat = false;
    }
}

/* The argument pages may have been given away: put new ones there. */
static void need_pages(struct domain *d)
{
    for (uint64_t g = ARG_GFN; g < ARG_GFN + ARG_PAGES; g++) {
        enum p2m_type t = p2m_lookup(d, gfn(g)).type;

        if (t == P2M_RAM_RO)
            (void)p2m_change_type(d, gfn(g), P2M_RAM_RO, P2M_RAM);
        else if (t != P2M_RAM && t != P2M_RAM_LOG && t != P2M_FOREIGN)
            (void)fake_ram(d, g, 0);
    }
}

/* Calls are longer than what libFuzzer would begin with. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static char len_control[] = "-len_control=0", max_len[] = "-max_len=2000";
    char **more = calloc((size_t)*argc + 3, sizeof(*more));

    memcpy(more, *argv, (size_t)*argc * sizeof(*more));
    more[(*argc)++] = len_control;
    more[(*argc)++] = max_len;
    *argv = more;
    return 0;
}

/* Now and then a whole call of numbers that mean something: pointers, frame
 * numbers that are used, small counts, domains. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
                               unsigned int seed)
{
    struct head h;
    uint32_t r = seed;

    if (seed % 4 || size + sizeof(h) + 64 > max)
        return LLVMFuzzerMutate(data, size, max);
    h = (struct head){ .call = (uint8_t)(r >> 2), .command = (uint8_t)(r >> 5),
                       .who = (uint8_t)(r >> 12 & 0x13), .length = 64,
                       .failure = (uint8_t)(r >> 20 & 3) };
    memcpy(data + size, &h, sizeof(h));
    size += sizeof(h);
    for (unsigned int i = 0; i < 8; i++, size += 8) {
        uint64_t w;

        r = r * 1664525 + 1013904223;
        switch (r >> 28) {
        case 0 ... 4:
            w = 0xa5a5ull << 48 | (r >> 8 & 0x3ff8);
            break;
        case 5 ... 6:
            w = 0x40 + (r >> 8 & 15);
            break;
        case 7:
            w = DOMID_SELF | (uint64_t)(r >> 8 & 3) << 32;
            break;
        case 8 ... 12:
            w = r >> 8 & 7;
            break;
        default:
            w = (r >> 8 & 3) | (uint64_t)(r >> 10 & 3) << 16 |
                (uint64_t)(r >> 12 & 7) << 32;
            break;
        }
        memcpy(data + size, &w, sizeof(w));
    }
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned int before;
    struct head h;

    before = fake_allocs();
    fake_machine_create();
    doms[2].d.target = &doms[1].d;
    atomic_inc(&doms[1].d.refs);
    for (unsigned int i = 0; i < 8; i++)
        (void)fake_ram(&doms[1].d, 0x40 + i, 0);
    while (size > sizeof(h)) {
        size_t n;
        struct domain *d;

        memcpy(&h, data, sizeof(h));
        data += sizeof(h);
        size -= sizeof(h);
        n = MIN((size_t)h.length, size);
        d = &doms[h.who % NR_DOMS].d;
        if (d->dying == DOMAIN_ALIVE) { /* its vCPUs are gone otherwise */
            need_pages(d);
            call(&h, data, n);
        }
        data += n;
        size -= n;
    }
    fake_machine_destroy();
    if (test_failures || fake_allocs() != before)
        abort();
    return 0;
}
