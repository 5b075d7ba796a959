/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HYPERVISOR_vcpu_op: a domain's vCPUs are started and stopped, and say
 * where they want to read their run state, time and events. Each argument is
 * copied in once, by the table. Also writes the registered run state.
 */
#include "hvm/mem/peek.h"
#include "hvm/policy/cpuid.h"
#include "hypervisor/core/evtchn.h"
#include "hypervisor/cpu/cr.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/x86/smp.h"

/* An address: the handle, not the union's 64-bit alternative. */
#define LONG .size32 = sizeof(compat_ulong_t), .layout = "L"

/* --- Run state. --- */

/* Both layouts, at any address: the 64-bit numbers follow each other. */
_Static_assert(offsetof(struct vcpu_runstate_info, time) ==
                   offsetof(struct vcpu_runstate_info, state_entry_time) + 8 &&
               offsetof(struct compat_vcpu_runstate_info, time) ==
                   offsetof(struct compat_vcpu_runstate_info,
                            state_entry_time) + 8, "one after the other");

/* Writes v's state to `place`, whose 64-bit numbers begin at `entry`. */
static void runstate_write_in_place(const struct vcpu *v, char *place,
                                    size_t entry, bool flag)
{
    const struct vcpu_runstate_info *r = &v->runstate;
    peek_u64 *n = (peek_u64 *)(place + entry);

    if (flag) {
        WRITE_ONCE(*n, r->state_entry_time | XEN_RUNSTATE_UPDATE);
        smp_wmb();
    }
    *(peek_u32 *)place = (uint32_t)r->state;
    for (unsigned int i = 0; i < ARRAY_SIZE(r->time); i++)
        n[1 + i] = r->time[i];
    smp_wmb();
    WRITE_ONCE(*n, r->state_entry_time);
}

/* Writes n bytes of its image, from `offset` on, to one page and the next. A
 * page that is no RAM any more does not get them. */
static void runstate_write(const struct vcpu *v, const char *image,
                           size_t offset, size_t n)
{
    size_t room = PAGE_SIZE - (v->runstate_at.raw & (PAGE_SIZE - 1));
    size_t part = offset < room ? MIN(n, room - offset) : 0;

    (void)!guest_write_phys(v->domain, gpa_add(v->runstate_at, offset),
                            image + offset, part);
    offset += part;
    (void)!guest_write_phys(v->domain, gpa_add(v->runstate_next, offset - room),
                            image + offset, n - part);
}

static void runstate_write_across(const struct vcpu *v, size_t entry,
                                  bool flag)
{
    char image[sizeof(struct vcpu_runstate_info)] __aligned(8) = { 0 };
    char *top = image + entry + 7; /* the byte with XEN_RUNSTATE_UPDATE */

    runstate_write_in_place(v, image, entry, false);
    *top = (char)(*top | (flag ? XEN_RUNSTATE_UPDATE >> 56 : 0));
    runstate_write(v, image, entry + 7, 1);
    smp_wmb();
    runstate_write(v, image, 0, v->runstate_size);
    smp_wmb();
    *top = (char)(*top & ~(XEN_RUNSTATE_UPDATE >> 56));
    runstate_write(v, image, entry + 7, 1);
}

void guest_runstate_update(struct vcpu *v)
{
    const size_t entry = v->runstate_size != sizeof(struct vcpu_runstate_info) ?
        offsetof(struct compat_vcpu_runstate_info, state_entry_time) :
        offsetof(struct vcpu_runstate_info, state_entry_time);
    /* The flag goes first and is taken back last; the guest looks at it
     * before and after it reads. */
    bool flag = READ_ONCE(v->domain->vm_assist) &
                (1u << VMASST_TYPE_runstate_update_flag);
    unsigned int at = v->runstate_at.raw & (PAGE_SIZE - 1);
    char *page = NULL;

    /* In place, if it lies in one page of RAM. v is of current's domain. */
    if (likely(at <= PAGE_SIZE - v->runstate_size))
        page = peek_page(PEEK_DATA, gpa_to_gfn(v->runstate_at), true);
    if (likely(page))
        runstate_write_in_place(v, page + at, entry, flag);
    else
        runstate_write_across(v, entry, flag);
}

SUBOP_DO(get_runstate_info, OUT, struct vcpu_runstate_info,
         vcpu_runstate(v, a), COMPAT(vcpu_runstate_info, "IQQQQQ"))

/*
 * The address is translated once: it is written at each switch, when a walk
 * would be the dearest part, and kernels do not move their memory. Who gave a
 * bad one is not told, as with Xen, and gets nothing.
 */
SUBOP(register_runstate_memory_area, IN | HELD, uint64_t, LONG)
{
    gva_t at = gva(*a);
    uint32_t size = hypercall_is_compat()
                        ? sizeof(struct compat_vcpu_runstate_info)
                        : sizeof(struct vcpu_runstate_info);
    gva_t last = gva((at.raw + size - 1) & PAGE_MASK); /* its page */

    v->runstate_size = 0;
    if (at.raw && !guest_translate(at, &v->runstate_at) &&
        !guest_translate(last, &v->runstate_next)) {
        v->runstate_size = size;
        guest_runstate_update(v);
    }
    return 0;
}

/* --- Starting and stopping. --- */

/* What a vCPU is to start with. */
struct context {
    struct regs regs;
    uint64_t cr0, cr3, cr4, efer;
    struct segment seg[NR_HVM_SEGS]; /* those in context_segs */
};
/* In the order of struct vcpu_hvm_x86_32. */
static const uint8_t context_segs[] = { SEG_CS, SEG_DS, SEG_SS, SEG_ES,
                                        SEG_TR };

static unsigned int dpl(const struct segment *s)
{
    return (s->attr >> SEG_DPL_SHIFT) & 3;
}

/* Makes the ABI's segment one of a CPU, whose limit is in bytes, as the
 * granularity bit says there. The attributes (bits 40-47 and 52-55 of a
 * descriptor, 12 in all) are the same. */
static bool segment_ok(struct segment *s, enum hvm_seg seg)
{
    /* Which types it may be of. 8 and up are code; bit 1: writable data,
     * readable code. A task is busy. */
    static const uint16_t types[NR_HVM_SEGS] = {
        [SEG_CS] = 0xff00, [SEG_SS] = 0x00cc, [SEG_DS] = 0xccff,
        [SEG_ES] = 0xccff, [SEG_TR] = 1 << 0xb,
    };
    const bool task = seg == SEG_TR;

    if (!s->attr && (seg == SEG_DS || seg == SEG_ES))
        return true;
    if (s->attr & SEG_GRAN)
        s->limit = s->limit << 12 | 0xfff;
    if (s->attr & SEG_PRESENT) /* and accessed, or busy */
        s->attr = (uint16_t)(s->attr | (task ? 2 : 1));
    return !(s->attr >> 12) && !(s->attr & SEG_S) == task &&
           (task || (s->attr & SEG_PRESENT)) &&
           (types[seg] >> (s->attr & SEG_TYPE) & 1);
}

/* Both are false for what no CPU can be in. */
static bool from_32(const struct vcpu_hvm_x86_32 *r, struct context *c)
{
    const struct segment *cs = &c->seg[SEG_CS], *ds = &c->seg[SEG_DS],
                         *es = &c->seg[SEG_ES];
    const uint32_t *bases = &r->cs_base, *limits = &r->cs_limit;
    const uint16_t *attrs = &r->cs_ar;

    if (r->pad1 || r->pad2[0] || r->pad2[1] || r->pad2[2])
        return false;
    *c = (struct context){
        .regs = { .gpr = { r->eax, r->ecx, r->edx, r->ebx, r->esp, r->ebp,
                           r->esi, r->edi },
                  .rip = r->eip, .rflags = r->eflags },
        .cr0 = r->cr0, .cr3 = r->cr3, .cr4 = r->cr4, .efer = r->efer,
    };
    for (unsigned int i = 0; i < ARRAY_SIZE(context_segs); i++) {
        struct segment *s = &c->seg[context_segs[i]];

        *s = (struct segment){ .base = bases[i], .limit = limits[i],
                               .attr = attrs[i] };
        if (!segment_ok(s, context_segs[i]))
            return false;
    }
    return c->regs.rip <= cs->limit && dpl(&c->seg[SEG_SS]) == dpl(cs) &&
           (!(ds->attr & SEG_PRESENT) || dpl(ds) <= dpl(cs)) &&
           (!(es->attr & SEG_PRESENT) || dpl(es) <= dpl(cs)) &&
           (!(c->efer & EFER_LMA) || (c->efer & EFER_LME));
}

static bool from_64(const struct vcpu_hvm_x86_64 *r, struct context *c)
{
    const struct segment data = { .attr = 0xc93, .limit = ~0u };

    *c = (struct context){
        .regs = { .gpr = { r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp,
                           r->rsi, r->rdi },
                  .rip = r->rip, .rflags = r->rflags },
        .cr0 = r->cr0, .cr3 = r->cr3, .cr4 = r->cr4, .efer = r->efer,
        .seg = { [SEG_CS] = { .attr = 0xa9b, .limit = ~0u },
                 [SEG_DS] = data, [SEG_SS] = data, [SEG_ES] = data,
                 [SEG_TR] = { .attr = 0x8b, .limit = 0x67 } },
    };
    return (uint64_t)((int64_t)(r->rip << 16) >> 16) == r->rip &&
           (c->cr0 & CR0_PG) && (c->cr4 & CR4_PAE) && (c->efer & EFER_LME);
}

/* Gives a vCPU that is down these registers to start with. Everything is
 * checked before anything is set. -EINVAL: a context in which no CPU can be. */
SUBOP(initialise, IN | HELD | LOCKED, struct vcpu_hvm_context)
{
    struct context c;

    if (!READ_ONCE(v->hvm->wait_sipi))
        return -EEXIST;
    if (a->pad || a->mode > VCPU_HVM_MODE_64B ||
        !(a->mode == VCPU_HVM_MODE_32B ? from_32(&a->cpu_regs.x86_32, &c)
                                       : from_64(&a->cpu_regs.x86_64, &c)))
        return -EINVAL;
    /* What the domain's policy does not have, as with Xen; and combinations
     * with which VMRUN or VM entry would fail (APM vol. 2 15.5.1, SDM vol. 3C
     * 27.3.1.1). */
    const bool lma = (c.efer & EFER_LME) && (c.cr0 & CR0_PG);
    if ((c.cr4 & ~cpuid_guest_cr4(v)) || c.cr0 >> 32 ||
        (c.efer & ~(cpuid_guest_efer(v) | EFER_LMA)) ||
        ((c.cr0 & CR0_PG) && !(c.cr0 & CR0_PE)) ||
        ((c.cr0 & CR0_NW) && !(c.cr0 & CR0_CD)) ||
        (lma && !(c.cr4 & CR4_PAE)))
        return -EINVAL;
    c.regs.rflags = (c.regs.rflags & RFLAGS_ALL) | RFLAGS_MBS;

    hvm_vcpu_reset(v, 0, 0);
    *vcpu_regs(v) = c.regs;
    hvm_set_reg(v, REG_EFER, (c.efer & ~EFER_LMA) | (lma ? EFER_LMA : 0));
    hvm_set_reg(v, REG_CR4, c.cr4);
    hvm_set_reg(v, REG_CR3, c.cr3);
    hvm_set_reg(v, REG_CR0, c.cr0 | CR0_ET);
    for (unsigned int i = 0; i < ARRAY_SIZE(context_segs); i++)
        hvm_set_seg(v, context_segs[i], &c.seg[context_segs[i]]);
    /* It waits for VCPUOP_up instead of a start-up IPI. */
    vcpu_down(v);
    WRITE_ONCE(v->hvm->wait_sipi, false);
    return 0;
}

SUBOP(up, 0, void)
{
    if (READ_ONCE(v->hvm->wait_sipi))
        return -EINVAL; /* it has no registers to start from */
    vcpu_up(v);
    vcpu_kick(v, PENDING_EVENT); /* ends its wait, if it is in one */
    return 0;
}

SUBOP_DO(down, 0, void,
         vcpu_down(v);
         hvm_vcpu_stopped(v))

SUBOP_EXPR(is_up, 0, void, hvm_vcpu_is_up(v))

SUBOP_DO(send_nmi, NO_ARG, void,
         WRITE_ONCE(v->hvm->nmi_pending, true);
         vcpu_kick(v, PENDING_IRQ))

/* --- Timers. --- */

SUBOP(set_periodic_timer, IN, struct vcpu_set_periodic_timer)
{
    if (a->period_ns < MILLISECS(1) || a->period_ns > ~0ull >> 2)
        return -EINVAL;
    vcpu_set_periodic_timer(v, a->period_ns);
    return 0;
}

SUBOP_DO(stop_periodic_timer, 0, void, vcpu_set_periodic_timer(v, 0))

SUBOP(set_singleshot_timer, IN | SELF, struct vcpu_set_singleshot_timer,
      COMPAT(vcpu_set_singleshot_timer, "QI"))
{
    if (a->timeout_abs_ns < now_ns()) {
        timer_stop(&v->singleshot);
        evtchn_raise_virq(v, VIRQ_TIMER);
    } else {
        timer_set(&v->singleshot, a->timeout_abs_ns);
    }
    return 0;
}

SUBOP_DO(stop_singleshot_timer, SELF, void, timer_stop(&v->singleshot))

/* --- Registering memory. --- */

SUBOP(register_vcpu_info, IN | HELD | LOCKED, struct vcpu_register_vcpu_info)
{
    uint32_t align = hypercall_is_compat() ? 4 : 8;
    struct shared_frame frame;

    if (a->offset >= PAGE_SIZE || a->mfn >> (64 - PAGE_SHIFT))
        return -EINVAL;
    if (v->info_frame.va)
        return -EBUSY;
    if (a->offset > PAGE_SIZE - sizeof(struct vcpu_info) ||
        !IS_ALIGNED(a->offset, align))
        return -ENXIO;
    int rc = frame_share(d, gfn(a->mfn), &frame);
    if (rc)
        return rc == -EROFS ? -EACCES : rc;
    rc = vcpu_info_register(v, &frame, a->offset);
    if (!rc)
        pvtime_update(v);
    else
        frame_unshare(&frame);
    return rc;
}

/* A second copy of the time record, for user space to read. The clock's
 * parameters do not change while the domain exists on this machine, so it is
 * written once. */
SUBOP(register_vcpu_time_memory_area, IN, uint64_t, LONG)
{
    struct vcpu_time_info t = v->info->time;

    t.version &= ~1u; /* not being written */
    return *a ? guest_write(gva(*a), &t, sizeof(t)) : 0;
}

/* Which processor a pinned vCPU of domain 0 is. */
SUBOP(get_physid, OUT, struct vcpu_get_physid)
{
    if (d != hardware_domain || cpumask_count(&v->affinity_hard) != 1)
        return -EINVAL;
    a->phys_id = cpu_apic_id[v->cpu] | (uint64_t)v->cpu << 32;
    return 0;
}

long do_vcpu_op(unsigned int cmd, unsigned int vcpuid, void_gptr_t arg)
{
    static const struct subop *const ops[] = {
#define OP(name) [VCPUOP_##name] = &subop_##name
        OP(initialise), OP(up), OP(down), OP(is_up), OP(get_runstate_info),
        /* The handle only, not the union's 64-bit alternative. */
        OP(register_runstate_memory_area), OP(set_periodic_timer),
        OP(stop_periodic_timer), OP(set_singleshot_timer),
        OP(stop_singleshot_timer), OP(register_vcpu_info), OP(send_nmi),
        OP(get_physid), OP(register_vcpu_time_memory_area),
    };
    struct domain *d = current->domain;
    struct vcpu *v = vcpu_of(d, vcpuid);
    const struct subop *op = subop_find(ops, ARRAY_SIZE(ops), cmd);
    const bool held = op && (op->flags & HELD) && v != current;

    if (!v || !op)
        return v ? -ENOSYS : -ENOENT;
    if (held) {
        /* Two that stop each other would wait for ever, so one at a time: the
         * other stops at its checkpoint before it tries again. */
        if (atomic_xchg(&d->pausing, true))
            return -ERESTART;
        vcpu_pause(v);
        WRITE_ONCE(d->pausing, false);
    }
    long rc = subop_run(op, v, d, arg, NULL);
    if (held)
        vcpu_unpause(v);
    return rc;
}
