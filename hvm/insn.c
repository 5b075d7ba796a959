/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instruction bytes and lengths.
 *
 * CPUs without next-RIP make us find the length of each intercepted
 * instruction. The pages where the last ones were fetched are remembered: when
 * the expected opcode stands there, its length is known whatever the guest's
 * tables say by now, so a stale translation does no harm. Anything else
 * takes the full walk.
 */
#include "hvm/insn.h"

#include "hvm/mem/peek.h"
#include "hypervisor/lib/string.h"

unsigned int hvm_code_bytes(enum hvm_mode m)
{
    return m == MODE_64 ? 8 : m == MODE_32 ? 4 : 2;
}

static uint64_t linear(struct vcpu *v, enum hvm_mode m)
{
    struct segment cs;

    if (m == MODE_64)
        return vcpu_regs(v)->rip;
    hvm_get_seg(v, SEG_CS, &cs);
    return (uint32_t)(cs.base + vcpu_regs(v)->rip);
}

static uint32_t user_access(struct vcpu *v)
{
    return hvm_cpl(v) == 3 ? PFEC_USER : 0;
}

unsigned int hvm_fetch(struct vcpu *v, uint64_t la, void *buf, unsigned int n,
                       struct guest_fault *f)
{
    unsigned int room = (unsigned int)(PAGE_SIZE - (la & (PAGE_SIZE - 1)));

    n = MIN(n, room);
    if (guest_fetch(v, buf, gva(la), n, user_access(v), f))
        return 0;
    return n;
}

static struct code_page *code_page_of(struct vcpu *v, uint64_t la)
{
    return &v->hvm->code_page[(la >> PAGE_SHIFT) % CODE_PAGES];
}

/* Instructions that are exits' own, by kind, without prefixes: bytes, as of a
 * little-endian number, and how many. Some kinds have two, which differ in the
 * last byte: VMCALL, INVD. */
struct plain_insn {
    uint32_t code;
    uint8_t n, other;
};

static const struct plain_insn expected[EXIT_KINDS] = {
    [EXIT_CPUID] = { 0xa20f, 2 },
    [EXIT_HLT] = { 0xf4, 1 },
    [EXIT_HYPERCALL] = { 0xd9010f, 3, 0xc1 },
    [EXIT_XSETBV] = { 0xd1010f, 3 },
    [EXIT_WBINVD] = { 0x090f, 2, 0x08 },
    [EXIT_MSR] = { 0x320f, 2 },
};
#define WRMSR_CODE 0x300f

static bool cached_match(struct vcpu *v, uint64_t la, uint32_t code,
                         unsigned int n)
{
    const struct code_page *c = code_page_of(v, la);
    uint64_t offset = la & (PAGE_SIZE - 1), got;

    return c->linear == (la & PAGE_MASK) && offset <= PAGE_SIZE - 4 &&
           c->cr3 == hvm_get_reg(v, REG_CR3) &&
           peek_word(v->hvm, PEEK_CODE, gpa(c->gfn << PAGE_SHIFT | offset), 4,
                     false, &got) &&
           !((got ^ code) & ((1u << n * 8) - 1));
}

static void remember_page(struct vcpu *v, uint64_t la)
{
    uint32_t pfec;
    gpa_t at;

    if (guest_walk(v, gva(la), PFEC_FETCH | user_access(v), &at, &pfec))
        return;
    *code_page_of(v, la) = (struct code_page){
        .cr3 = hvm_get_reg(v, REG_CR3), .linear = la & PAGE_MASK,
        .gfn = gpa_to_gfn(at).raw };
}

/* Fetches across a page boundary where the instruction does. */
static unsigned int fetch_all(struct vcpu *v, uint64_t la, uint8_t *buf,
                              struct guest_fault *f)
{
    unsigned int n = hvm_fetch(v, la, buf, INSN_MAX_BYTES, f);
    struct guest_fault ignored;

    if (n && n < INSN_MAX_BYTES)
        n += hvm_fetch(v, la + n, buf + n, INSN_MAX_BYTES - n, &ignored);
    return n;
}

bool hvm_decode(struct vcpu *v, struct insn *i)
{
    enum hvm_mode m = hvm_mode(v);
    uint8_t buf[INSN_MAX_BYTES];
    struct guest_fault f;
    unsigned int got = fetch_all(v, linear(v, m), buf, &f);

    if (!got) {
        hvm_raise(v, VEC_PF, f.pfec, f.cr2);
        return false;
    }
    return insn_decode(i, buf, got, hvm_code_bytes(m)) == INSN_OK;
}

static __attribute__((noinline)) unsigned int
decoded_length(struct vcpu *v, const struct plain_insn *p, uint32_t code,
               enum hvm_mode m, uint64_t la)
{
    uint8_t buf[INSN_MAX_BYTES], bytes[sizeof(code)];
    struct guest_fault f;
    unsigned int got = fetch_all(v, la, buf, &f), len;

    if (!got)
        return 0;
    remember_page(v, la);
    memcpy(bytes, &code, sizeof(code));
    len = insn_length_of(buf, got, hvm_code_bytes(m), bytes, p->n);
    if (!len && p->other) {
        bytes[p->n - 1] = p->other;
        len = insn_length_of(buf, got, hvm_code_bytes(m), bytes, p->n);
    }
    return len;
}

unsigned int hvm_insn_length(struct vcpu *v, const struct vmexit *e)
{
    const struct plain_insn *p = &expected[e->kind];
    bool wrmsr = e->kind == EXIT_MSR && e->msr_write;
    uint32_t code = wrmsr ? WRMSR_CODE : p->code;
    enum hvm_mode m = hvm_mode(v);
    uint64_t la = linear(v, m);

    if (likely(p->n) && likely(cached_match(v, la, code, p->n)))
        return p->n;
    return decoded_length(v, p, code, m, la);
}
