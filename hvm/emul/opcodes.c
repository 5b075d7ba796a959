/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The opcode tables: encoding, operands and handler of each instruction.
 *
 * Data only, drawn by hand in the manual's order (SDM vol. 2D, appendix A).
 * OP() is executed by its handler, LEN() is known to the decoder only; an
 * entry that is not here is undefined. Sub-tables stand before the maps that
 * name them.
 */
#include "hvm/emul/handlers.h"
#include "hvm/emul/opcodes.h"

/* clang-format off */
#define OP(fl, fn)     { .flags = F_KNOWN | (fl), .exec = (fn) }
#define LEN(fl)        { .flags = F_KNOWN | (fl) }
#define SUB(fl, table) { .flags = (fl), .sub = (table) }

#define M     F_MODRM
#define B     F_BYTE
#define RM_R  (D_RM | S_REG)
#define R_RM  (D_REG | S_RM)
#define RM_I  (D_RM | S_IMM)
#define MOV   F_MOV

/* The six forms of a two-operand ALU instruction; x: F_LOCK or F_NOWB. */
#define ALU(base, fn, x)                                                \
    [(base) + 0] = OP(M | RM_R | B | (x), fn),                          \
    [(base) + 1] = OP(M | RM_R | (x), fn),                              \
    [(base) + 2] = OP(M | R_RM | B | ((x) & F_NOWB), fn),               \
    [(base) + 3] = OP(M | R_RM | ((x) & F_NOWB), fn),                   \
    [(base) + 4] = OP(D_ACC | S_IMM | I_8S | B | ((x) & F_NOWB), fn),   \
    [(base) + 5] = OP(D_ACC | S_IMM | I_Z | ((x) & F_NOWB), fn)

#define GROUP1(name, fl)                                                \
    static const struct opcode name[8] = {                              \
        OP(RM_I | F_LOCK | (fl), em_add),                               \
        OP(RM_I | F_LOCK | (fl), em_or),                                \
        OP(RM_I | F_LOCK | (fl), em_adc),                               \
        OP(RM_I | F_LOCK | (fl), em_sbb),                               \
        OP(RM_I | F_LOCK | (fl), em_and),                               \
        OP(RM_I | F_LOCK | (fl), em_sub),                               \
        OP(RM_I | F_LOCK | (fl), em_xor),                               \
        OP(RM_I | F_NOWB | (fl), em_sub),                               \
    }

GROUP1(group1_80, B | I_8S);
GROUP1(group1_81, I_Z);
GROUP1(group1_82, B | I_8S | F_NO64);
GROUP1(group1_83, I_8S);

static const struct opcode group1a[8] = {
    OP(F_D64 | F_TWO, em_pop_rm),
};

#define GROUP2(name, fl)                                                \
    static const struct opcode name[8] = {                              \
        OP(D_RM | (fl), em_rol), OP(D_RM | (fl), em_ror),               \
        OP(D_RM | (fl), em_rcl), OP(D_RM | (fl), em_rcr),               \
        OP(D_RM | (fl), em_shl), OP(D_RM | (fl), em_shr),               \
        OP(D_RM | (fl), em_shl), OP(D_RM | (fl), em_sar),               \
    }

GROUP2(group2_c0, S_IMM | I_8U | B);
GROUP2(group2_c1, S_IMM | I_8U);
GROUP2(group2_d0, S_ONE | B);
GROUP2(group2_d1, S_ONE);
GROUP2(group2_d2, S_CL | B);
GROUP2(group2_d3, S_CL);

#define GROUP3(name, fl, imm)                                           \
    static const struct opcode name[8] = {                              \
        OP(RM_I | F_NOWB | (imm) | (fl), em_test),                      \
        OP(RM_I | F_NOWB | (imm) | (fl), em_test),                      \
        OP(D_RM | F_LOCK | (fl), em_not),                               \
        OP(D_RM | F_LOCK | (fl), em_neg),                               \
        OP(S_RM | (fl), em_mul),                                        \
        OP(S_RM | (fl), em_imul),                                       \
        OP(S_RM | (fl), em_div),                                        \
        OP(S_RM | (fl), em_idiv),                                       \
    }

GROUP3(group3_f6, B, I_8S);
GROUP3(group3_f7, 0, I_Z);

static const struct opcode group4[8] = {
    OP(D_RM | F_LOCK | B, em_inc),
    OP(D_RM | F_LOCK | B, em_dec),
};

static const struct opcode group5[8] = {
    OP(D_RM | F_LOCK, em_inc),
    OP(D_RM | F_LOCK, em_dec),
    OP(S_RM | F_NEAR | F_TWO, em_call_rm),
    LEN(F_TWO),                                 /* far CALL */
    OP(S_RM | F_NEAR, em_jmp_rm),
    LEN(0),                                     /* far JMP */
    OP(S_RM | F_D64 | F_TWO, em_push),
};

static const struct opcode group11_c6[8] = {
    [0] = OP(RM_I | MOV | B | I_8S, em_mov),
    [7] = LEN(I_8U),                            /* XABORT */
};

static const struct opcode group11_c7[8] = {
    [0] = OP(RM_I | MOV | I_Z, em_mov),
    [7] = LEN(I_REL),                           /* XBEGIN */
};

static const struct opcode long_63[2] = {
    LEN(0),                                     /* ARPL */
    OP(D_REG | S_RM32 | MOV, em_movsx),
};

const struct opcode opcodes_1byte[256] = {
    ALU(0x00, em_add, F_LOCK),
    [0x06] = LEN(F_NO64),
    [0x07] = LEN(F_NO64),
    ALU(0x08, em_or, F_LOCK),
    [0x0e] = LEN(F_NO64),
    /* 0f: the two-byte maps */
    ALU(0x10, em_adc, F_LOCK),
    [0x16] = LEN(F_NO64),
    [0x17] = LEN(F_NO64),
    ALU(0x18, em_sbb, F_LOCK),
    [0x1e] = LEN(F_NO64),
    [0x1f] = LEN(F_NO64),
    ALU(0x20, em_and, F_LOCK),
    [0x26] = { .flags = F_PREFIX },
    [0x27] = LEN(F_NO64),                       /* DAA */
    ALU(0x28, em_sub, F_LOCK),
    [0x2e] = { .flags = F_PREFIX },
    [0x2f] = LEN(F_NO64),                       /* DAS */
    ALU(0x30, em_xor, F_LOCK),
    [0x36] = { .flags = F_PREFIX },
    [0x37] = LEN(F_NO64),                       /* AAA */
    ALU(0x38, em_sub, F_NOWB),
    [0x3e] = { .flags = F_PREFIX },
    [0x3f] = LEN(F_NO64),                       /* AAS */
    [0x40 ... 0x47] = OP(D_OPREG | F_NO64, em_inc),
    [0x48 ... 0x4f] = OP(D_OPREG | F_NO64, em_dec),
    [0x50 ... 0x57] = OP(D_OPREG | F_NOWB | F_D64, em_push_reg),
    [0x58 ... 0x5f] = OP(D_OPREG | MOV | F_D64, em_pop_reg),
    [0x60] = LEN(F_NO64), [0x61] = LEN(F_NO64), /* PUSHA POPA */
    [0x62] = LEN(M | F_NO64),                   /* BOUND */
    [0x63] = SUB(M | T_LONG, long_63),
    [0x64 ... 0x67] = { .flags = F_PREFIX },
    [0x68] = OP(S_IMM | I_Z | F_D64, em_push),
    [0x69] = OP(M | R_RM | MOV | I_Z, em_imul3),
    [0x6a] = OP(S_IMM | I_8S | F_D64, em_push),
    [0x6b] = OP(M | R_RM | MOV | I_8S, em_imul3),
    [0x6c] = OP(F_IO | B, em_ins),
    [0x6d] = OP(F_IO, em_ins),
    [0x6e] = OP(F_IO | B, em_outs),
    [0x6f] = OP(F_IO, em_outs),
    [0x70 ... 0x7f] = OP(I_8S | F_NEAR, em_jcc),
    [0x80] = SUB(M | T_GROUP, group1_80),
    [0x81] = SUB(M | T_GROUP, group1_81),
    [0x82] = SUB(M | T_GROUP, group1_82),
    [0x83] = SUB(M | T_GROUP, group1_83),
    [0x84] = OP(M | RM_R | B | F_NOWB, em_test),
    [0x85] = OP(M | RM_R | F_NOWB, em_test),
    [0x86] = OP(M | RM_R | B | F_LOCK | F_XCHG, em_xchg),
    [0x87] = OP(M | RM_R | F_LOCK | F_XCHG, em_xchg),
    [0x88] = OP(M | RM_R | MOV | B, em_mov),
    [0x89] = OP(M | RM_R | MOV, em_mov),
    [0x8a] = OP(M | R_RM | MOV | B, em_mov),
    [0x8b] = OP(M | R_RM | MOV, em_mov),
    [0x8c] = OP(M | D_RM | MOV, em_mov_from_sreg),
    [0x8d] = OP(M | D_REG | MOV, em_lea),
    [0x8e] = OP(M, em_mov_to_sreg),
    [0x8f] = SUB(M | T_GROUP, group1a),
    [0x90] = LEN(0),                            /* NOP, PAUSE, XCHG R8 */
    [0x91 ... 0x97] = OP(D_OPREG | S_ACC, em_xchg),
    [0x98] = OP(D_ACC | MOV, em_cbw),
    [0x99] = OP(0, em_cwd),
    [0x9a] = LEN(I_FAR | F_NO64),
    [0x9b] = LEN(0),                            /* FWAIT */
    [0x9c] = LEN(0), [0x9d] = LEN(0),           /* PUSHF POPF */
    [0x9e] = OP(0, em_sahf),
    [0x9f] = OP(0, em_lahf),
    [0xa0] = OP(D_ACC | S_RM | MOV | B | I_OFFSET, em_mov),
    [0xa1] = OP(D_ACC | S_RM | MOV | I_OFFSET, em_mov),
    [0xa2] = OP(D_RM | S_ACC | MOV | B | I_OFFSET, em_mov),
    [0xa3] = OP(D_RM | S_ACC | MOV | I_OFFSET, em_mov),
    [0xa4] = OP(B | F_TWO, em_movs),
    [0xa5] = OP(F_TWO, em_movs),
    [0xa6] = OP(B | F_TWO, em_cmps),
    [0xa7] = OP(F_TWO, em_cmps),
    [0xa8] = OP(D_ACC | S_IMM | B | I_8S | F_NOWB, em_test),
    [0xa9] = OP(D_ACC | S_IMM | I_Z | F_NOWB, em_test),
    [0xaa] = OP(B, em_stos),
    [0xab] = OP(0, em_stos),
    [0xac] = OP(B, em_lods),
    [0xad] = OP(0, em_lods),
    [0xae] = OP(B, em_scas),
    [0xaf] = OP(0, em_scas),
    [0xb0 ... 0xb7] = OP(D_OPREG | S_IMM | MOV | B | I_8S, em_mov),
    [0xb8 ... 0xbf] = OP(D_OPREG | S_IMM | MOV | I_V, em_mov),
    [0xc0] = SUB(M | T_GROUP, group2_c0),
    [0xc1] = SUB(M | T_GROUP, group2_c1),
    [0xc2] = OP(I_16 | S_IMM | F_NEAR, em_ret),
    [0xc3] = OP(F_NEAR, em_ret),
    [0xc4] = LEN(M | F_NO64),                   /* LES */
    [0xc5] = LEN(M | F_NO64),                   /* LDS */
    [0xc6] = SUB(M | T_GROUP, group11_c6),
    [0xc7] = SUB(M | T_GROUP, group11_c7),
    [0xc8] = LEN(I_16_8),                       /* ENTER */
    [0xc9] = OP(F_D64, em_leave),
    [0xca] = LEN(I_16),                         /* far RET */
    [0xcb] = LEN(0),
    [0xcc] = LEN(0),                            /* INT3 */
    [0xcd] = LEN(I_8U),                         /* INT */
    [0xce] = LEN(F_NO64),                       /* INTO */
    [0xcf] = LEN(0),                            /* IRET */
    [0xd0] = SUB(M | T_GROUP, group2_d0),
    [0xd1] = SUB(M | T_GROUP, group2_d1),
    [0xd2] = SUB(M | T_GROUP, group2_d2),
    [0xd3] = SUB(M | T_GROUP, group2_d3),
    [0xd4] = LEN(I_8U | F_NO64),                /* AAM */
    [0xd5] = LEN(I_8U | F_NO64),                /* AAD */
    [0xd6] = LEN(F_NO64),                       /* SALC */
    [0xd7] = OP(B, em_xlat),
    [0xd8 ... 0xdf] = LEN(M),                   /* x87 */
    [0xe0] = OP(I_8S | F_NEAR, em_loop),
    [0xe1] = OP(I_8S | F_NEAR, em_loop),
    [0xe2] = OP(I_8S | F_NEAR, em_loop),
    [0xe3] = OP(I_8S | F_NEAR, em_jcxz),
    [0xe4] = OP(F_IO | S_IMM | I_8U | B, em_in),
    [0xe5] = OP(F_IO | S_IMM | I_8U, em_in),
    [0xe6] = OP(F_IO | S_IMM | I_8U | B, em_out),
    [0xe7] = OP(F_IO | S_IMM | I_8U, em_out),
    [0xe8] = OP(I_REL | F_NEAR, em_call),
    [0xe9] = OP(I_REL | F_NEAR, em_jmp),
    [0xea] = LEN(I_FAR | F_NO64),
    [0xeb] = OP(I_8S | F_NEAR, em_jmp),
    [0xec] = OP(F_IO | B, em_in),
    [0xed] = OP(F_IO, em_in),
    [0xee] = OP(F_IO | B, em_out),
    [0xef] = OP(F_IO, em_out),
    [0xf0] = { .flags = F_PREFIX },
    [0xf1] = LEN(0),                            /* ICEBP */
    [0xf2] = { .flags = F_PREFIX },
    [0xf3] = { .flags = F_PREFIX },
    [0xf4] = LEN(0),                            /* HLT */
    [0xf5] = OP(0, em_flag),                    /* CMC */
    [0xf6] = SUB(M | T_GROUP, group3_f6),
    [0xf7] = SUB(M | T_GROUP, group3_f7),
    [0xf8] = OP(0, em_flag),                    /* CLC */
    [0xf9] = OP(0, em_flag),                    /* STC */
    [0xfa] = LEN(0),                            /* CLI */
    [0xfb] = LEN(0),                            /* STI */
    [0xfc] = OP(0, em_flag),                    /* CLD */
    [0xfd] = OP(0, em_flag),                    /* STD */
    [0xfe] = SUB(M | T_GROUP, group4),
    [0xff] = SUB(M | T_GROUP, group5),
};

static const struct opcode group6[8] = {
    LEN(0), LEN(0), LEN(0), LEN(0), LEN(0), LEN(0),
};

static const struct opcode group7_mem[8] = {
    LEN(0), LEN(0), LEN(0), LEN(0),             /* SGDT SIDT LGDT LIDT */
    OP(F_SYS | D_RM | MOV, em_smsw),
    LEN(0),                                     /* RSTORSSP */
    OP(F_SYS, em_lmsw),
    OP(F_SYS, em_invlpg),
};

static const struct opcode group7_reg[8] = {
    LEN(0), LEN(0), LEN(0), LEN(0),             /* by ModRM.rm: classify.c */
    OP(F_SYS | D_RM | MOV, em_smsw),
    LEN(0),
    OP(F_SYS, em_lmsw),
    LEN(0),
};

static const struct opcode group7[2] = {
    SUB(T_GROUP, group7_mem), SUB(T_GROUP, group7_reg),
};

static const struct opcode group8[8] = {
    [4] = OP(RM_I | I_8U | F_NOWB, em_bt),
    [5] = OP(RM_I | I_8U | F_LOCK, em_bts),
    [6] = OP(RM_I | I_8U | F_LOCK, em_btr),
    [7] = OP(RM_I | I_8U | F_LOCK, em_btc),
};

static const struct opcode group9_mem[8] = {
    [1] = OP(F_LOCK, em_cmpxchg8b),
    [3] = LEN(0), [4] = LEN(0), [5] = LEN(0),   /* XRSTORS XSAVEC XSAVES */
    [6] = LEN(0), [7] = LEN(0),                 /* VMPTRLD VMPTRST ... */
};

static const struct opcode group9_reg[8] = {
    [6] = LEN(0), [7] = LEN(0),                 /* RDRAND RDSEED */
};

static const struct opcode group9[2] = {
    SUB(T_GROUP, group9_mem), SUB(T_GROUP, group9_reg),
};

static const struct opcode group15_6[4] = {
    LEN(0), OP(0, em_nop), LEN(0), LEN(0),      /* 66: CLWB */
};

static const struct opcode group15_7[4] = {
    OP(0, em_nop), OP(0, em_nop), LEN(0), LEN(0), /* CLFLUSH, CLFLUSHOPT */
};

static const struct opcode group15_mem[8] = {
    LEN(0), LEN(0), LEN(0), LEN(0), LEN(0), LEN(0),
    SUB(T_PREFIX, group15_6), SUB(T_PREFIX, group15_7),
};

static const struct opcode group15_reg[8] = {
    LEN(0), LEN(0), LEN(0), LEN(0), LEN(0), LEN(0), LEN(0), LEN(0),
};

static const struct opcode group15[2] = {
    SUB(T_GROUP, group15_mem), SUB(T_GROUP, group15_reg),
};

/* Tables by mandatory prefix: none, 66, F3, F2. */
static const struct opcode pfx_0f10[4] = {
    OP(F_VEX, em_load_u), OP(F_VEX, em_load_u),
    OP(F_VEX, em_load_4), OP(F_VEX, em_load_8),
};
static const struct opcode pfx_0f11[4] = {
    OP(F_VEX, em_store_u), OP(F_VEX, em_store_u),
    OP(F_VEX, em_store_4), OP(F_VEX, em_store_8),
};
static const struct opcode pfx_0f12[4] = {
    OP(0, em_load_lo), OP(0, em_load_lo), LEN(0), LEN(0),
};
static const struct opcode pfx_0f13[4] = {
    OP(F_VEX, em_store_8), OP(F_VEX, em_store_8), LEN(0), LEN(0),
};
static const struct opcode pfx_0f16[4] = {
    OP(0, em_load_hi), OP(0, em_load_hi), LEN(0), LEN(0),
};
static const struct opcode pfx_0f17[4] = {
    OP(F_VEX, em_store_hi), OP(F_VEX, em_store_hi), LEN(0), LEN(0),
};
static const struct opcode pfx_0f28[4] = {
    OP(F_VEX, em_load_a), OP(F_VEX, em_load_a), LEN(0), LEN(0),
};
static const struct opcode pfx_0f29[4] = {
    OP(F_VEX, em_store_a), OP(F_VEX, em_store_a), LEN(0), LEN(0),
};
static const struct opcode pfx_0f6e[4] = {
    OP(0, em_mmx_load_d), OP(F_VEX, em_load_d), LEN(0), LEN(0),
};
static const struct opcode pfx_0f6f[4] = {
    OP(0, em_mmx_load), OP(F_VEX, em_load_a), OP(F_VEX, em_load_u), LEN(0),
};
static const struct opcode pfx_0f78[4] = {
    LEN(0), LEN(I_8_8), LEN(0), LEN(I_8_8),     /* VMREAD EXTRQ - INSERTQ */
};
static const struct opcode pfx_0f7e[4] = {
    OP(0, em_mmx_store_d), OP(F_VEX, em_store_d), OP(F_VEX, em_load_8), LEN(0),
};
static const struct opcode pfx_0f7f[4] = {
    OP(0, em_mmx_store), OP(F_VEX, em_store_a), OP(F_VEX, em_store_u), LEN(0),
};
static const struct opcode pfx_0fb8[4] = {
    LEN(0), LEN(0), OP(R_RM | MOV, em_popcnt), LEN(0),
};
static const struct opcode pfx_0fc3[4] = {
    OP(RM_R | MOV, em_movnti), LEN(0), LEN(0), LEN(0),
};
static const struct opcode pfx_0fd6[4] = {
    LEN(0), OP(F_VEX, em_store_8), LEN(0), LEN(0),
};
static const struct opcode pfx_0fe7[4] = {
    OP(0, em_mmx_store), OP(F_VEX, em_store_a), LEN(0), LEN(0),
};
static const struct opcode pfx_0ff0[4] = {
    LEN(0), LEN(0), LEN(0), OP(F_VEX, em_load_u),       /* LDDQU */
};

const struct opcode opcodes_0f[256] = {
    [0x00] = SUB(M | T_GROUP, group6),
    [0x01] = SUB(M | T_MEMREG, group7),
    [0x02] = LEN(M), [0x03] = LEN(M),           /* LAR LSL */
    [0x05] = LEN(0),                            /* SYSCALL */
    [0x06] = OP(F_SYS, em_clts),
    [0x07] = LEN(0),                            /* SYSRET */
    [0x08] = LEN(0), [0x09] = LEN(0),           /* INVD WBINVD */
    [0x0b] = LEN(0),                            /* UD2 */
    [0x0d] = OP(M, em_nop),                     /* PREFETCH */
    [0x0e] = LEN(0),                            /* FEMMS */
    [0x0f] = LEN(M | I_8U),                     /* 3DNow! */
    [0x10] = SUB(M | T_PREFIX, pfx_0f10),
    [0x11] = SUB(M | T_PREFIX, pfx_0f11),
    [0x12] = SUB(M | T_PREFIX, pfx_0f12),
    [0x13] = SUB(M | T_PREFIX, pfx_0f13),
    [0x14] = LEN(M), [0x15] = LEN(M),
    [0x16] = SUB(M | T_PREFIX, pfx_0f16),
    [0x17] = SUB(M | T_PREFIX, pfx_0f17),
    [0x18] = OP(M, em_nop),                     /* PREFETCHh */
    [0x19 ... 0x1e] = LEN(M),
    [0x1f] = OP(M, em_nop),
    [0x20] = OP(M | F_REGS | F_SYS, em_mov_from_cr),
    [0x21] = OP(M | F_REGS | F_SYS, em_mov_from_dr),
    [0x22] = OP(M | F_REGS | F_SYS, em_mov_to_cr),
    [0x23] = OP(M | F_REGS | F_SYS, em_mov_to_dr),
    [0x28] = SUB(M | T_PREFIX, pfx_0f28),
    [0x29] = SUB(M | T_PREFIX, pfx_0f29),
    [0x2a] = LEN(M),
    [0x2b] = SUB(M | T_PREFIX, pfx_0f29),       /* MOVNTPS */
    [0x2c ... 0x2f] = LEN(M),
    [0x30 ... 0x35] = LEN(0),                   /* WRMSR RDTSC RDMSR ... */
    [0x37] = LEN(0),                            /* GETSEC */
    [0x40 ... 0x4f] = OP(M | R_RM, em_cmov),
    [0x50 ... 0x6d] = LEN(M),
    [0x6e] = SUB(M | T_PREFIX, pfx_0f6e),
    [0x6f] = SUB(M | T_PREFIX, pfx_0f6f),
    [0x70 ... 0x73] = LEN(M | I_8U),
    [0x74 ... 0x76] = LEN(M),
    [0x77] = LEN(0),                            /* EMMS */
    [0x78] = SUB(M | T_PREFIX, pfx_0f78),
    [0x79] = LEN(M),                            /* VMWRITE */
    [0x7c] = LEN(M), [0x7d] = LEN(M),
    [0x7e] = SUB(M | T_PREFIX, pfx_0f7e),
    [0x7f] = SUB(M | T_PREFIX, pfx_0f7f),
    [0x80 ... 0x8f] = OP(I_REL | F_NEAR, em_jcc),
    [0x90 ... 0x9f] = OP(M | D_RM | MOV | B, em_setcc),
    [0xa0] = LEN(0),
    [0xa1] = LEN(0),
    [0xa2] = LEN(0),                            /* CPUID */
    [0xa3] = OP(M | RM_R | F_NOWB | F_BITS, em_bt),
    [0xa4] = OP(M | RM_R | I_8U, em_shld),
    [0xa5] = OP(M | RM_R, em_shld),
    [0xa8] = LEN(0),
    [0xa9] = LEN(0),
    [0xaa] = LEN(0),                            /* RSM */
    [0xab] = OP(M | RM_R | F_LOCK | F_BITS, em_bts),
    [0xac] = OP(M | RM_R | I_8U, em_shrd),
    [0xad] = OP(M | RM_R, em_shrd),
    [0xae] = SUB(M | T_MEMREG, group15),
    [0xaf] = OP(M | R_RM, em_imul2),
    [0xb0] = OP(M | RM_R | B | F_LOCK, em_cmpxchg),
    [0xb1] = OP(M | RM_R | F_LOCK, em_cmpxchg),
    [0xb2] = LEN(M),                            /* LSS */
    [0xb3] = OP(M | RM_R | F_LOCK | F_BITS, em_btr),
    [0xb4] = LEN(M), [0xb5] = LEN(M),           /* LFS LGS */
    [0xb6] = OP(M | D_REG | S_RM8 | MOV, em_mov),
    [0xb7] = OP(M | D_REG | S_RM16 | MOV, em_mov),
    [0xb8] = SUB(M | T_PREFIX, pfx_0fb8),
    [0xb9] = LEN(M),                            /* UD1 */
    [0xba] = SUB(M | T_GROUP, group8),
    [0xbb] = OP(M | RM_R | F_LOCK | F_BITS, em_btc),
    [0xbc] = OP(M | R_RM, em_bsf),
    [0xbd] = OP(M | R_RM, em_bsr),
    [0xbe] = OP(M | D_REG | S_RM8 | MOV, em_movsx),
    [0xbf] = OP(M | D_REG | S_RM16 | MOV, em_movsx),
    [0xc0] = OP(M | RM_R | B | F_LOCK, em_xadd),
    [0xc1] = OP(M | RM_R | F_LOCK, em_xadd),
    [0xc2] = LEN(M | I_8U),                     /* CMPPS */
    [0xc3] = SUB(M | T_PREFIX, pfx_0fc3),
    [0xc4 ... 0xc6] = LEN(M | I_8U),            /* PINSRW PEXTRW SHUFPS */
    [0xc7] = SUB(M | T_MEMREG, group9),
    [0xc8 ... 0xcf] = OP(D_OPREG, em_bswap),
    [0xd0 ... 0xd5] = LEN(M),
    [0xd6] = SUB(M | T_PREFIX, pfx_0fd6),
    [0xd7 ... 0xe6] = LEN(M),
    [0xe7] = SUB(M | T_PREFIX, pfx_0fe7),
    [0xe8 ... 0xef] = LEN(M),
    [0xf0] = SUB(M | T_PREFIX, pfx_0ff0),
    [0xf1 ... 0xff] = LEN(M),                   /* ff: UD0 */
};

static const struct opcode pfx_0f382a[4] = {
    LEN(0), OP(0, em_load_a), LEN(0), LEN(0),   /* MOVNTDQA */
};
static const struct opcode pfx_0f38f0[4] = {
    OP(R_RM | MOV, em_movbe), OP(R_RM | MOV, em_movbe), LEN(0), LEN(0),
};
static const struct opcode pfx_0f38f1[4] = {
    OP(RM_R | MOV, em_movbe), OP(RM_R | MOV, em_movbe), LEN(0), LEN(0),
};

const struct opcode opcodes_0f38[256] = {
    [0x00 ... 0x29] = LEN(M),
    [0x2a] = SUB(M | T_PREFIX, pfx_0f382a),
    [0x2b ... 0xef] = LEN(M),
    [0xf0] = SUB(M | T_PREFIX, pfx_0f38f0),
    [0xf1] = SUB(M | T_PREFIX, pfx_0f38f1),
    [0xf2 ... 0xff] = LEN(M),
};

const struct opcode opcodes_0f3a[256] = {
    [0x00 ... 0xff] = LEN(M | I_8U),
};
/* clang-format on */
