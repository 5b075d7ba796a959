/* sources: hypervisor/hypercall/vcpu-op.c hypervisor/hypercall/subop.c hvm/mem/p2m.c hvm/mem/peek.c hvm/mem/guest-copy.c hvm/mem/guest-walk.c hypervisor/core/access.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vcpu_op: contexts that a vCPU may start with or not, which calls stop
 * another vCPU meanwhile, and run state in both layouts, in one page and
 * across two.
 */
#include "hvm/policy/cpuid.h"
#include "hvm/vcpu.h"
#include "hypervisor/abi/compat.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/hypercall/calls.h"
#include "tests/unit/hvm-fakes.h"

TEST_PROGRAM;

#define ARGS (ARG_GFN << PAGE_SHIFT)

uint32_t cpu_apic_id[MAX_CPUS];
static struct domain *d;
static struct vcpu *other;
static unsigned int pauses, paused, resets, stops;

void vcpu_pause(struct vcpu *v)
{
    CHECK(v != current);
    CHECK(v->domain->pausing);
    pauses++;
    paused++;
}

void vcpu_unpause(struct vcpu *v)
{
    paused--;
}

void vcpu_up(struct vcpu *v)
{
    v->down = false;
}

void vcpu_down(struct vcpu *v)
{
    v->down = true;
}

void hvm_vcpu_reset(struct vcpu *v, uint16_t cs, uint64_t rip)
{
    CHECK_EQ(paused, 1);
    resets++;
}

void hvm_vcpu_stopped(struct vcpu *v)
{
    stops++;
}

int frame_share(struct domain *of, gfn_t g, struct shared_frame *f)
{
    int rc = guest_frame_get(of, g, true, &f->pg);

    f->va = rc ? NULL : shared_map(page_to_mfn(f->pg));
    return rc;
}

void frame_unshare(struct shared_frame *f)
{
    shared_unmap(f->va);
    page_put(f->pg);
    f->va = NULL;
}

int vcpu_info_register(struct vcpu *v, const struct shared_frame *f,
                       unsigned int offset)
{
    CHECK_EQ(paused, v != current);
    v->info_frame = *f;
    return 0;
}

uint64_t cpuid_guest_cr4(const struct vcpu *v)
{
    return CR4_PAE | CR4_PSE;
}

uint64_t cpuid_guest_efer(const struct vcpu *v)
{
    return EFER_SCE | EFER_LME;
}

void pvtime_update(struct vcpu *v) {}

void vcpu_runstate(const struct vcpu *v, struct vcpu_runstate_info *out)
{
    *out = v->runstate;
}

void vcpu_set_periodic_timer(struct vcpu *v, uint64_t period)
{
    v->periodic_period = period;
}

void timer_set(struct timer *t, uint64_t expires)
{
    t->expires = expires;
}

void timer_stop(struct timer *t)
{
    t->expires = 0;
}

void evtchn_raise_virq(struct vcpu *v, unsigned int virq) {}

static long call(unsigned int cmd, unsigned int id, const void *arg, size_t n)
{
    long rc = do_vcpu_op(cmd, id, guest_ptr_make(void,
                                                 fake_put(ARGS, arg, n)));

    CHECK_EQ(paused, 0);
    CHECK_EQ(d->pausing, false);
    CHECK_EQ(fake_locks_held(), 0);
    return rc;
}

static void *at(uint64_t a)
{
    return fake_gpa(d, a);
}

static void numbers(void)
{
    uint64_t none = 0;

    CHECK_EQ(call(VCPUOP_is_up, NR_VCPUS, &none, 8), -ENOENT);
    CHECK_EQ(call(VCPUOP_is_up, ~0u, &none, 8), -ENOENT);
    CHECK_EQ(call(99, 0, &none, 8), -ENOSYS);
    CHECK_EQ(call(VCPUOP_is_up, 0, &none, 8), 1);
    CHECK_EQ(call(VCPUOP_send_nmi, 0, &none, 8), -EINVAL); /* not null */
    CHECK_EQ(do_vcpu_op(VCPUOP_send_nmi, 1, guest_ptr_make(void, 0)), 0);
    CHECK(other->hvm->nmi_pending);
    other->hvm->nmi_pending = false;
    CHECK_EQ(call(VCPUOP_stop_singleshot_timer, 1, &none, 8), -EINVAL);
    CHECK_EQ(call(VCPUOP_stop_singleshot_timer, 0, &none, 8), 0);
    CHECK_EQ(call(VCPUOP_set_periodic_timer, 1, &(uint64_t){ 5 }, 8), -EINVAL);
    CHECK_EQ(call(VCPUOP_set_periodic_timer, 1, &(uint64_t){ 5000000 }, 8), 0);
    CHECK_EQ(other->periodic_period, 5000000);
    CHECK_EQ(pauses, 0);
}

static struct vcpu_hvm_context context_32(void)
{
    return (struct vcpu_hvm_context){
        .mode = VCPU_HVM_MODE_32B,
        .cpu_regs.x86_32 = {
            .eax = 1, .edi = 7, .esp = 0x8000, .eip = 0x1000, .eflags = ~0u,
            .cr0 = 1, .cs_limit = 0xfffff, .ds_limit = 0xfffff,
            .ss_limit = 0xfffff, .es_limit = 0xfffff, .tr_limit = 0x67,
            .cs_ar = 0xc9a, .ds_ar = 0xc92, .ss_ar = 0xc92, .es_ar = 0xc92,
            .tr_ar = 0x89,
        },
    };
}

/* One thing is changed in a context that is good; the answer. */
#define WITH_32(change)                                                     \
    ({                                                                      \
        struct vcpu_hvm_context c_ = context_32();                          \
        struct vcpu_hvm_x86_32 *r = &c_.cpu_regs.x86_32;                    \
                                                                            \
        change;                                                             \
        other->hvm->wait_sipi = true;                                       \
        call(VCPUOP_initialise, 1, &c_, sizeof(c_));                        \
    })

static void contexts(void)
{
    struct vcpu_hvm_context c = context_32();
    struct segment s;

    other->hvm->wait_sipi = false;
    CHECK_EQ(call(VCPUOP_initialise, 1, &c, sizeof(c)), -EEXIST);
    CHECK_EQ(pauses, 1);
    d->pausing = true; /* another one is at it */
    CHECK_EQ(do_vcpu_op(VCPUOP_initialise, 1, guest_ptr_make(void, ARGS)),
             -ERESTART);
    d->pausing = false;

    CHECK_EQ(WITH_32(r->pad1 = 1), -EINVAL);
    CHECK_EQ(WITH_32(r->cs_ar = 0), -EINVAL);
    CHECK_EQ(WITH_32(r->cs_ar = 0xc92), -EINVAL); /* data */
    CHECK_EQ(WITH_32(r->cs_ar |= 0x1000), -EINVAL);
    CHECK_EQ(WITH_32(r->cs_ar &= 0xf7f), -EINVAL); /* not present */
    CHECK_EQ(WITH_32(r->ss_ar = 0xc9a), -EINVAL);
    CHECK_EQ(WITH_32(r->ss_ar = 0xc90), -EINVAL); /* read-only */
    CHECK_EQ(WITH_32(r->ss_ar = 0xcf2), -EINVAL); /* DPL 3 */
    CHECK_EQ(WITH_32(r->ds_ar = 0xc98), -EINVAL); /* execute-only */
    CHECK_EQ(WITH_32(r->ds_ar = 0xcf2), -EINVAL); /* DPL over CS's */
    CHECK_EQ(WITH_32(r->tr_ar = 0x82), -EINVAL); /* LDT */
    CHECK_EQ(WITH_32((r->cs_ar = 0x49a, r->cs_limit = 0xff)), -EINVAL);
    CHECK_EQ(WITH_32(r->cr0 = 0x80000000), -EINVAL);
    CHECK_EQ(WITH_32(r->cr4 = 1u << 31), -EINVAL);
    CHECK_EQ(WITH_32(r->cr4 = CR4_SMEP), -EINVAL); /* not in the policy */
    CHECK_EQ(WITH_32(r->efer = EFER_NXE), -EINVAL);
    CHECK_EQ(WITH_32(r->efer = 0x400), -EINVAL);
    CHECK_EQ(WITH_32((r->efer = 0x100, r->cr0 = 0x80000001)), -EINVAL);
    CHECK_EQ(resets, 0);
    CHECK(other->hvm->wait_sipi);

    CHECK_EQ(WITH_32((r->ds_ar = 0, r->es_ar = 0)), 0);
    CHECK_EQ(resets, 1);
    CHECK(!other->hvm->wait_sipi);
    CHECK(other->down);
    CHECK_EQ(vcpu_regs(other)->gpr[RAX], 1);
    CHECK_EQ(vcpu_regs(other)->gpr[RDI], 7);
    CHECK_EQ(vcpu_regs(other)->gpr[R15], 0);
    CHECK_EQ(vcpu_regs(other)->rip, 0x1000);
    CHECK_EQ(vcpu_regs(other)->rflags, 0x3f7fd7);
    hvm_get_seg(other, SEG_CS, &s);
    CHECK_EQ(s.limit, ~0u);
    CHECK_EQ(s.attr, 0xc9b); /* accessed */
    hvm_get_seg(other, SEG_TR, &s);
    CHECK_EQ(s.attr, 0x8b); /* busy */

    c = (struct vcpu_hvm_context){
        .mode = VCPU_HVM_MODE_64B,
        .cpu_regs.x86_64 = { .rsp = 9, .rip = 0xffffffff81000000,
                             .cr0 = 0x80000001, .cr4 = 0x20, .efer = 0x500 },
    };
    other->hvm->wait_sipi = true;
    CHECK_EQ(call(VCPUOP_initialise, 1, &c, sizeof(c)), 0);
    CHECK_EQ(vcpu_regs(other)->gpr[RSP], 9);
    CHECK_EQ(hvm_get_reg(other, REG_EFER), 0x500);
    other->hvm->wait_sipi = true;
    CHECK_EQ(call(VCPUOP_up, 1, &c, sizeof(c)), -EINVAL);
    c.cpu_regs.x86_64.rip = 1ull << 47;
    CHECK_EQ(call(VCPUOP_initialise, 1, &c, sizeof(c)), -EINVAL);
    c.cpu_regs.x86_64.rip = 0;
    c.cpu_regs.x86_64.cr4 = 0;
    CHECK_EQ(call(VCPUOP_initialise, 1, &c, sizeof(c)), -EINVAL);
    c.mode = 5;
    CHECK_EQ(call(VCPUOP_initialise, 1, &c, sizeof(c)), -EINVAL);
    other->hvm->wait_sipi = false;
    CHECK_EQ(call(VCPUOP_up, 1, &c, sizeof(c)), 0);
    CHECK_EQ(call(VCPUOP_down, 1, &c, sizeof(c)), 0);
    CHECK_EQ(stops, 1);
}

/* The copy of the run state at `a`, which begins in the argument page. */
static void runstate_at(uint64_t a, bool narrow, bool flag)
{
    const uint64_t update = XEN_RUNSTATE_UPDATE;
    struct vcpu_runstate_info r;
    struct compat_vcpu_runstate_info n;
    size_t size = narrow ? sizeof(n) : sizeof(r);
    uint8_t bytes[sizeof(r)];

    d->hvm->compat = narrow;
    d->vm_assist = flag ? 1u << VMASST_TYPE_runstate_update_flag : 0;
    current->runstate = (struct vcpu_runstate_info){
        RUNSTATE_running, 0x123456789a, { 1, 2ull << 40, 3, 4 } };
    CHECK_EQ(call(VCPUOP_register_runstate_memory_area, 0, &a, 8), 0);
    CHECK_EQ(current->runstate_size, size);
    current->runstate.time[3] = 99;
    guest_runstate_update(current);
    for (size_t i = 0; i < size; i++)
        bytes[i] = *(uint8_t *)at(a + i);
    memcpy(&r, bytes, sizeof(r));
    memcpy(&n, bytes, sizeof(n));
    CHECK_EQ(narrow ? n.state : r.state, RUNSTATE_running);
    CHECK_EQ(narrow ? n.state_entry_time : r.state_entry_time, 0x123456789a);
    CHECK_EQ(narrow ? n.time[1] : r.time[1], 2ull << 40);
    CHECK_EQ(narrow ? n.time[3] : r.time[3], 99);
    CHECK(!((narrow ? n.state_entry_time : r.state_entry_time) & update));
    /* And by value. */
    CHECK_EQ(call(VCPUOP_get_runstate_info, 0, &a, 8), 0);
    memcpy(&r, at(ARGS), sizeof(r));
    memcpy(&n, at(ARGS), sizeof(n));
    CHECK_EQ(narrow ? n.time[3] : r.time[3], 99);
    current->runstate_size = 0;
    d->hvm->compat = false;
}

static void runstates(void)
{
    for (unsigned int i = 0; i < 4; i++) {
        runstate_at(ARGS + 0x100, i & 1, i & 2);
        for (unsigned int part = 1; part < 48; part++)
            runstate_at(ARGS + PAGE_SIZE - part, i & 1, i & 2);
    }
    /* Where no RAM is: not told, and nothing is written. */
    CHECK_EQ(call(VCPUOP_register_runstate_memory_area, 1,
                  &(uint64_t){ 0x7000000 }, 8), 0);
    other->runstate_size = 0;
}

static void info(void)
{
    struct vcpu_register_vcpu_info a = { .mfn = ARG_GFN, .offset = 4096 };
    struct page *pg = fake_ram(d, 0x99, 0);

    CHECK_EQ(call(VCPUOP_register_vcpu_info, 1, &a, sizeof(a)), -EINVAL);
    a.offset = 4092;
    CHECK_EQ(call(VCPUOP_register_vcpu_info, 1, &a, sizeof(a)), -ENXIO);
    a.offset = 64;
    a.mfn = 0x98;
    CHECK_EQ(call(VCPUOP_register_vcpu_info, 1, &a, sizeof(a)), -EINVAL);
    a.mfn = 0x99;
    CHECK_EQ(call(VCPUOP_register_vcpu_info, 1, &a, sizeof(a)), 0);
    CHECK_EQ(pg->count, 2);
    CHECK_EQ(call(VCPUOP_register_vcpu_info, 1, &a, sizeof(a)), -EBUSY);
    frame_unshare(&other->info_frame);
}

int main(void)
{
    unsigned int before = fake_allocs();

    fake_doms_create();
    d = &doms[1].d;
    other = &doms[1].v[1];
    (void)fake_ram(d, ARG_GFN, 0);
    (void)fake_ram(d, ARG_GFN + 1, 0);
    fake_run_as(&doms[1].v[0]);
    numbers();
    contexts();
    runstates();
    info();
    CHECK_EQ(fake_windows(), 0);
    fake_doms_destroy();
    CHECK_EQ(fake_allocs(), before);
    return test_result();
}
