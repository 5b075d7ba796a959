/* sources: hvm/save/records.c hvm/policy/cpuid.c hvm/mem/p2m.c hvm/mem/peek.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads any stream of save records into a domain. What was accepted must be
 * state that a CPU accepts, and must be saved again as it was loaded.
 *
 * Input: the stream; a first byte that is odd puts a good header before it.
 */
#include "tests/unit/hvm-fakes.h"
#include "tests/unit/record-fakes.h"

TEST_PROGRAM;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_vcpu(const struct vcpu *v)
{
    const uint64_t *reg = doms[1].reg[v->id];
    uint32_t mxcsr;

    memcpy(&mxcsr, (const char *)v->hvm->xsave + 24, 4);
    if (mxcsr >> 16)
        abort(); /* XRSTOR in root mode would fault */
    if (v->hvm->xcr0 != 1 && !cpuid_xcr0_valid(v, v->hvm->xcr0))
        abort(); /* and XSETBV */
    if ((reg[REG_CR0] & CR0_PG) && !(reg[REG_CR0] & CR0_PE))
        abort();
    if (reg[REG_EFER] & EFER_SVME)
        abort();
    if (v->hvm->event.valid && v->hvm->event.type == 1)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[65536];
    struct { struct hvm_save_descriptor d; struct hvm_save_header h; }
        __attribute__((packed)) head = {
            { HVM_SAVE_CODE_HEADER, 0, sizeof(struct hvm_save_header) },
            { .magic = HVM_FILE_MAGIC, .version = HVM_FILE_VERSION } };
    bool with = size && (data[0] & 1);
    uint8_t *in;
    size_t n;

    if (!size)
        return 0;
    data++;
    size--;
    if (!doms[1].d.hvm) {
        fake_doms_create();
        record_devices(&doms[1].d);
    }
    n = size + (with ? sizeof(head) : 0);
    in = malloc(n + !n);
    if (with)
        memcpy(in, &head, sizeof(head));
    memcpy(in + n - size, data, size);
    (void)hvm_load(&doms[1].d, in, n);
    free(in);
    for (unsigned int i = 0; i < NR_VCPUS; i++)
        check_vcpu(&doms[1].v[i]);
    if (hvm_save(&doms[1].d, out, hvm_save_size(&doms[1].d)) <= 0)
        abort();
    return 0;
}
