/* sources: hypervisor/hypercall/subop.c hypervisor/core/access.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sub-operations by table: what is copied in and out, on which outcome; whose
 * domain, which vCPU, lock and memory; and that the letters of each layout for 32-bit callers say what
 * abi/compat.h says.
 */
#include <string.h>

#include "hypervisor/abi/compat.h"
#include "hypervisor/abi/dm-op.h"
#include "hypervisor/abi/sched.h"
#include "hypervisor/hypercall/calls.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

static struct domain doms[2];
static struct vcpu vcpus[2];
struct domain *hardware_domain = &doms[0], *idle_domain;
DEFINE_PERCPU(struct vcpu *, current_vcpu);

#define CALLER_MEMORY 64
#include "tests/unit/caller-memory.h"

static int references;

struct domain *domain_get(domid_t id)
{
    if (id == DOMID_SELF)
        id = current->domain->id;
    references += id < 2;
    return id < 2 ? &doms[id] : NULL;
}

void domain_put(struct domain *d)
{
    references--;
}

/* --- Layouts. --- */

/* Fills the narrow structure with numbers, widens it, and back: each member
 * must be the same in all three. */
#define LAYOUT(type, letters)                                               \
    struct compat_##type n, back;                                           \
    struct type w;                                                          \
                                                                            \
    for (size_t i = 0; i < sizeof(n); i++)                                  \
        ((uint8_t *)&n)[i] = (uint8_t)(i + 1);                              \
    memset(&w, 0, sizeof(w));                                               \
    memset(&back, 0, sizeof(back));                                         \
    compat_copy(&w, &n, letters, true);                                     \
    compat_copy(&w, &back, letters, false)
#define SAME(member)                                                        \
    CHECK_EQ(w.member, n.member);                                           \
    CHECK_EQ(back.member, n.member)

static void reservation(void)
{
    LAYOUT(xen_memory_reservation, "LLIIH");
    SAME(extent_start.addr);
    SAME(nr_extents);
    SAME(extent_order);
    SAME(mem_flags);
    SAME(domid);
}

static void add(void)
{
    LAYOUT(xen_add_to_physmap, "HHILL");
    SAME(domid);
    SAME(size);
    SAME(space);
    SAME(idx);
    SAME(gpfn);
}

static void batch(void)
{
    LAYOUT(xen_add_to_physmap_batch, "HHHHLLL");
    SAME(domid);
    SAME(space);
    SAME(size);
    SAME(u.foreign_domid);
    SAME(idxs.addr);
    SAME(gpfns.addr);
    SAME(errs.addr);
}

static void remove_one(void)
{
    LAYOUT(xen_remove_from_physmap, "HL");
    SAME(domid);
    SAME(gpfn);
}

static void map(void)
{
    LAYOUT(xen_memory_map, "IL");
    SAME(nr_entries);
    SAME(buffer.addr);
}

static void buf(void)
{
    LAYOUT(xen_dm_op_buf, "LL");
    SAME(h.addr);
    SAME(size);
}

static void setup(void)
{
    LAYOUT(gnttab_setup_table, "HIHL");
    SAME(dom);
    SAME(nr_frames);
    SAME(status);
    SAME(frame_list.addr);
}

static void copy(void)
{
    LAYOUT(gnttab_copy, "LHHPLHHPHHH");
    SAME(source.u.gmfn);
    SAME(source.domid);
    SAME(source.offset);
    SAME(dest.u.gmfn);
    SAME(dest.domid);
    SAME(dest.offset);
    SAME(len);
    SAME(flags);
    SAME(status);
}

static void poll(void)
{
    LAYOUT(sched_poll, "LIQ");
    SAME(ports.addr);
    SAME(nr_ports);
    SAME(timeout);
}

static void runstate(void)
{
    LAYOUT(vcpu_runstate_info, "IQQQQQ");
    SAME(state);
    SAME(state_entry_time);
    for (unsigned int i = 0; i < 4; i++) {
        SAME(time[i]);
    }
}

static void singleshot(void)
{
    LAYOUT(vcpu_set_singleshot_timer, "QI");
    SAME(timeout_abs_ns);
    SAME(flags);
}

/* --- Calls. --- */

struct arg {
    domid_t dom;
    uint32_t value;
    uint64_t address;
};
struct compat_arg {
    domid_t dom;
    uint32_t value, address;
};

static long result;
static struct domain *on;
static uint64_t seen;

static long one(struct domain *d, struct arg *a)
{
    on = d;
    seen = a->address;
    a->value++;
    return result;
}

SUBOP_EXPR(in, IN, struct arg, one(d, a))
SUBOP_EXPR(io, IO, struct arg, one(d, a))
SUBOP_EXPR(err, IN | ERR, struct arg, one(d, a))
SUBOP_EXPR(more, IN | MORE, struct arg, one(d, a))
SUBOP_EXPR(out, OUT | NO_ARG, struct arg, one(d, a))
SUBOP_EXPR(self, IO | SELF, struct arg, one(d, a))
SUBOP_EXPR(other, IO | OTHER, struct arg, one(d, a))
SUBOP_EXPR(of, IO, struct arg, one(d, a), OF(of, dom, EVTCHN_STATUS))
SUBOP_EXPR(compat, IO, struct arg, one(d, a),
           COMPAT(arg, "HIL"))
SUBOP_EXPR(wide, IO, struct arg, one(d, a), WIDE)

SUBOP_EXPR(locked, LOCKED, void, fake_locks_held())
SUBOP_EXPR(named, IN, struct arg, v == &vcpus[a->value] ? 7 : -EIO,
           VCPU(named, value, ENOENT))
/* Gets it all zero, and leaves it otherwise. */
SUBOP_EXPR(room, 0, void, *(char *)more ? -EIO : ++*(char *)more,
           ROOM(char[100]))

static long call(unsigned int cmd, struct vcpu *v)
{
    static const struct subop *const ops[] = {
        [1] = &subop_in, &subop_io, &subop_err, &subop_more, &subop_out,
        &subop_self, &subop_other, &subop_of, &subop_compat, &subop_wide,
        &subop_locked, &subop_named, &subop_room,
    };

    on = NULL;
    return subop_call(ops, ARRAY_SIZE(ops), cmd, v, guest_ptr_make(void, 0));
}

static void calls(void)
{
    struct arg *a = (void *)memory;
    struct compat_arg *c = (void *)memory;
    struct vcpu *v = &vcpus[1];

    *a = (struct arg){ .dom = 0, .value = 5, .address = 1ull << 40 };
    CHECK_EQ(call(0, v), -ENOSYS);
    CHECK_EQ(call(14, v), -ENOSYS);
    CHECK_EQ(call(~0u, v), -ENOSYS);
    for (unsigned int cmd = 1; cmd < 5; cmd++) {
        static const long results[] = { 3, -EINVAL, -ERESTART };

        for (unsigned int i = 0; i < 3; i++) {
            a->value = 5;
            result = results[i];
            CHECK_EQ(call(cmd, v), result);
            CHECK_EQ(a->value, cmd == i + 2 ? 6 : 5);
            CHECK(on == &doms[1]);
            CHECK_EQ(seen, 1ull << 40);
        }
    }
    result = 0;
    unwritable = true;
    CHECK_EQ(call(1, v), 0);
    CHECK_EQ(call(2, v), -EFAULT);
    unwritable = false;
    CHECK_EQ(call(5, v), 0);
    CHECK_EQ(seen, 0);
    CHECK_EQ(a->value, 1);
    CHECK_EQ(call(6, v), 0);
    CHECK_EQ(call(6, &vcpus[0]), -EINVAL);
    CHECK(!on);
    CHECK_EQ(call(7, v), -EINVAL);
    CHECK_EQ(call(7, &vcpus[0]), 0);
    CHECK(on == &doms[0]);
    /* The domain of the argument. */
    a->dom = 0;
    CHECK_EQ(call(8, v), -EPERM);
    a->dom = 9;
    CHECK_EQ(call(8, v), -ESRCH);
    CHECK(!on);
    a->dom = DOMID_SELF;
    CHECK_EQ(call(8, v), 0);
    CHECK(on == &doms[1]);
    /* Another layout for some. */
    CHECK_EQ(call(10, v), 0);
    compat = true;
    CHECK_EQ(call(10, v), -ENOSYS);
    *c = (struct compat_arg){ .value = 7, .address = 0xfffffff0 };
    CHECK_EQ(call(9, v), 0);
    CHECK_EQ(seen, 0xfffffff0);
    CHECK_EQ(c->value, 8);
    CHECK_EQ(c->address, 0xfffffff0);
    compat = false;
}

/* What the function has besides its argument. */
static void surroundings(void)
{
    struct vcpu *list[3] = { &vcpus[0], &vcpus[1], NULL };
    struct arg *a = (void *)memory;
    unsigned int before = fake_allocs();

    CHECK_EQ(call(11, &vcpus[1]), 1);
    CHECK_EQ(fake_locks_held(), 0);
    doms[1].vcpu = list;
    doms[1].max_vcpus = 3;
    for (a->value = 0; a->value < 2; a->value++)
        CHECK_EQ(call(12, &vcpus[1]), 7);
    CHECK_EQ(call(12, &vcpus[1]), -ENOENT); /* was not created */
    a->value = 3;
    CHECK_EQ(call(12, &vcpus[1]), -ENOENT);
    for (unsigned int i = 0; i < 2; i++)
        CHECK_EQ(call(13, &vcpus[1]), 1);
    fake_fail_after(0);
    CHECK_EQ(call(13, &vcpus[1]), -ENOMEM);
    fake_fail_after(-1);
    CHECK_EQ(fake_allocs(), before);
}

static void versions(void)
{
    uint32_t *head = (void *)memory, cmd = 99;

    head[0] = 4;
    head[1] = 17;
    CHECK_EQ(versioned_cmd(guest_ptr_make(void, 0), 16, &cmd), -EACCES);
    CHECK_EQ(versioned_cmd(guest_ptr_make(void, 60), 17, &cmd), -EFAULT);
    CHECK_EQ(versioned_cmd(guest_ptr_make(void, 0), 17, &cmd), 0);
    CHECK_EQ(cmd, 4);
}

int main(void)
{
    for (unsigned int i = 0; i < 2; i++) {
        doms[i].id = (domid_t)i;
        vcpus[i].domain = &doms[i];
    }
    doms[0].privileged = true;
    this_cpu(current_vcpu) = &vcpus[1];
    reservation();
    add();
    batch();
    remove_one();
    map();
    buf();
    setup();
    copy();
    poll();
    runstate();
    singleshot();
    calls();
    surroundings();
    versions();
    CHECK_EQ(references, 0);
    return test_result();
}
