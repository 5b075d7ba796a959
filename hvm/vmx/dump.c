/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Prints a VMCS: what a crash message needs, by the manual's names. Fields
 * say by their encoding what they are (SDM vol. 3C 25.11.2).
 */
#include "hvm/base/regs.h"
#include "hvm/vmx/check.h"
#include "hvm/vmx/insn.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/format.h"

enum { WIDTH_16, WIDTH_64, WIDTH_32, WIDTH_NATURAL };

static const char *const seg_names[NR_HVM_SEGS] = {
    "ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"
};

static bool is_segment(enum vmcs_field field)
{
    static const enum vmcs_field es[] = {
        VMCS_GUEST_ES_SEL, VMCS_GUEST_ES_AR, VMCS_GUEST_ES_LIMIT,
        VMCS_GUEST_ES_BASE
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(es); i++)
        if (field >= es[i] && field < VMCS_SEG(es[i], NR_HVM_SEGS))
            return true;
    return false;
}

void vmx_dump(struct vcpu *v)
{
    static const char *const formats[] = {
        [WIDTH_16] = "  %s %04lx", [WIDTH_32] = "  %s %08lx",
        [WIDTH_64] = "  %s %016lx", [WIDTH_NATURAL] = "  %s %016lx",
    };
    unsigned int printed = 0;
    char line[256];
    size_t n = 0;
    struct vmx_fault fault;

    for (unsigned int i = 0; i < nr_vmcs_names; i++) {
        enum vmcs_field field = vmcs_names[i].field;

        if ((field >> 10 & 3) == VMCS_AREA_HOST || is_segment(field))
            continue;
        n += format(line + n, sizeof(line) - n, formats[field >> 13 & 3],
                    vmcs_names[i].name, vmread(field));
        if (++printed % 3 == 0) {
            log_err("%s\n", line);
            n = 0;
        }
    }
    if (n)
        log_err("%s\n", line);
    for (unsigned int s = 0; s < NR_HVM_SEGS; s++)
        log_err("  %s sel %04lx AR %05lx limit %08lx base %016lx\n",
                seg_names[s], vmread(VMCS_SEG(VMCS_GUEST_ES_SEL, s)),
                vmread(VMCS_SEG(VMCS_GUEST_ES_AR, s)),
                vmread(VMCS_SEG(VMCS_GUEST_ES_LIMIT, s)),
                vmread(VMCS_SEG(VMCS_GUEST_ES_BASE, s)));
    /* It keeps the number of the last instruction that failed. */
    if (vmread(VMCS_INSN_ERROR))
        log_err("  Last VM-instruction error: %s\n",
                vmx_insn_error_name((unsigned int)vmread(VMCS_INSN_ERROR)));
    if (vmx_find_fault(&fault))
        log_err("  The CPU refuses %s = %#lx: %s\n", fault.field,
                fault.value, fault.why);
}
