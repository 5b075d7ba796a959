/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names for the instructions that are intercepted, and their lengths for CPUs
 * that do not report the next RIP.
 *
 * Pure, like decode.c on which it stands; it decides nothing about the guest.
 */
#include "hvm/emul/decode.h"

/* One-byte opcodes. */
static enum insn_class classify_1byte(const struct insn *i)
{
    switch (i->opcode) {
    case 0x6c:
    case 0x6d:
        return INSN_INS;
    case 0x6e:
    case 0x6f:
        return INSN_OUTS;
    case 0x90:
        return i->rep == 0xf3 && !(i->rex & 1) ? INSN_PAUSE : INSN_OTHER;
    case 0x9c:
        return INSN_PUSHF;
    case 0x9d:
        return INSN_POPF;
    case 0xcc:
        return INSN_INT3;
    case 0xcd:
        return INSN_INT;
    case 0xce:
        return INSN_INTO;
    case 0xcf:
        return INSN_IRET;
    case 0xe4:
    case 0xe5:
    case 0xec:
    case 0xed:
        return INSN_IN;
    case 0xe6:
    case 0xe7:
    case 0xee:
    case 0xef:
        return INSN_OUT;
    case 0xf1:
        return INSN_ICEBP;
    case 0xf4:
        return INSN_HLT;
    default:
        return INSN_OTHER;
    }
}

/*
 * 0F 00 and 0F 01: ModRM.reg, and for registers ModRM.rm, is part of the
 * opcode.
 */
static enum insn_class classify_group7(const struct insn *i)
{
    switch (i->modrm >> 3 & 7) {
    case 0:
        if (i->has_mem)
            return INSN_SGDT;
        switch (i->modrm) {
        case 0xc1:
            return INSN_VMCALL;
        case 0xc2:
        case 0xc3:
        case 0xc4:
            return INSN_VMX;
        default:
            return INSN_OTHER;
        }
    case 1:
        if (i->has_mem)
            return INSN_SIDT;
        return i->modrm == 0xc8 ? INSN_MONITOR :
               i->modrm == 0xc9 ? INSN_MWAIT : INSN_OTHER;
    case 2:
        if (i->has_mem)
            return INSN_LGDT;
        return i->modrm == 0xd1 ? INSN_XSETBV : INSN_OTHER;
    case 3:
        if (i->has_mem)
            return INSN_LIDT;
        return i->modrm == 0xd9 ? INSN_VMMCALL :
               i->modrm == 0xdf ? INSN_INVLPGA : INSN_SVM;
    case 4:
        return INSN_SMSW;
    case 6:
        return INSN_LMSW;
    case 7:
        if (i->has_mem)
            return INSN_INVLPG;
        return i->modrm == 0xf9 ? INSN_RDTSCP : INSN_OTHER;
    default:
        return INSN_OTHER;
    }
}

static enum insn_class classify_0f(const struct insn *i)
{
    static const enum insn_class group6[8] = {
        INSN_SLDT, INSN_STR, INSN_LLDT, INSN_LTR
    };

    switch (i->opcode) {
    case 0x00:
        return group6[i->modrm >> 3 & 7];
    case 0x01:
        return classify_group7(i);
    case 0x06:
        return INSN_CLTS;
    case 0x08:
        return INSN_INVD;
    case 0x09:
        return INSN_WBINVD;
    case 0x20:
        return INSN_MOV_FROM_CR;
    case 0x21:
        return INSN_MOV_FROM_DR;
    case 0x22:
        return INSN_MOV_TO_CR;
    case 0x23:
        return INSN_MOV_TO_DR;
    case 0x30:
        return INSN_WRMSR;
    case 0x31:
        return INSN_RDTSC;
    case 0x32:
        return INSN_RDMSR;
    case 0x33:
        return INSN_RDPMC;
    case 0x78:
    case 0x79:
        return i->opsize || i->rep ? INSN_OTHER : INSN_VMX;
    case 0xa2:
        return INSN_CPUID;
    case 0xaa:
        return INSN_RSM;
    case 0xc7:
        return i->has_mem && (i->modrm >> 3 & 7) >= 6 ? INSN_VMX : INSN_OTHER;
    default:
        return INSN_OTHER;
    }
}

enum insn_class insn_classify(const struct insn *i)
{
    if (i->encoding != INSN_LEGACY)
        return INSN_OTHER;
    if (i->map == INSN_MAP_1BYTE)
        return classify_1byte(i);
    if (i->map == INSN_MAP_0F)
        return classify_0f(i);
    return INSN_OTHER;
}

/* The forms without prefixes that nearly every guest uses: length and bytes. */
static const struct {
    uint8_t len;
    uint8_t bytes[3];
} plain[INSN_CLASSES] = {
    [INSN_CPUID]   = { 2, { 0x0f, 0xa2 } },
    [INSN_RDMSR]   = { 2, { 0x0f, 0x32 } },
    [INSN_WRMSR]   = { 2, { 0x0f, 0x30 } },
    [INSN_HLT]     = { 1, { 0xf4 } },
    [INSN_RDTSC]   = { 2, { 0x0f, 0x31 } },
    [INSN_RDTSCP]  = { 3, { 0x0f, 0x01, 0xf9 } },
    [INSN_RDPMC]   = { 2, { 0x0f, 0x33 } },
    [INSN_VMCALL]  = { 3, { 0x0f, 0x01, 0xc1 } },
    [INSN_VMMCALL] = { 3, { 0x0f, 0x01, 0xd9 } },
    [INSN_CLTS]    = { 2, { 0x0f, 0x06 } },
    [INSN_XSETBV]  = { 3, { 0x0f, 0x01, 0xd1 } },
    [INSN_WBINVD]  = { 2, { 0x0f, 0x09 } },
    [INSN_INVD]    = { 2, { 0x0f, 0x08 } },
    [INSN_PAUSE]   = { 2, { 0xf3, 0x90 } },
    [INSN_IRET]    = { 1, { 0xcf } },
    [INSN_INT3]    = { 1, { 0xcc } },
    [INSN_INTO]    = { 1, { 0xce } },
    [INSN_ICEBP]   = { 1, { 0xf1 } },
};

unsigned int insn_length_of(const uint8_t *bytes, unsigned int n,
                            unsigned int mode, enum insn_class want)
{
    unsigned int len = plain[want].len;
    struct insn i;

    if (len && n >= len && bytes[0] == plain[want].bytes[0] &&
        (len < 2 || bytes[1] == plain[want].bytes[1]) &&
        (len < 3 || bytes[2] == plain[want].bytes[2]) &&
        !(want == INSN_INTO && mode == 8))
        return len;
    if (insn_decode(&i, bytes, n, mode) != INSN_OK ||
        insn_classify(&i) != want)
        return 0;
    return i.len;
}
