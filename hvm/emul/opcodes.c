/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The opcode tables: encoding, operands and handler of each instruction.
 *
 * Data only, in the manual's order (SDM vol. 2D, appendix A). What is here is
 * what can access a device's memory, with that memory as an operand: OP(); and
 * what exits for other reasons and has no length from the CPU: LEN(). All else
 * is undefined: instructions on registers, transfers of control, stacks in
 * device memory. Sub-tables stand before the maps that name them.
 */
#include "hvm/emul/handlers.h"

/* clang-format off */
#define OP(fl, fn)       { .flags = F_KNOWN | (fl), .exec = (fn) }
#define LEN(fl)          { .flags = F_KNOWN | (fl) }
/* Another table: by ModRM.reg; by prefix: none, 66, F3, F2. */
#define TABLE(fl, t)     { .flags = F_MODRM | T_GROUP | (fl), .sub = (t) }
#define GROUP(fl, ...)   TABLE(fl, ((const struct opcode[8]){ __VA_ARGS__ }))
#define PREFIX(fl, ...)  { .flags = F_MODRM | T_PREFIX | (fl), \
                           .sub = (const struct opcode[4]){ __VA_ARGS__ } }
#define NONE             { .flags = 0 }
#define LOAD(fl)         OP(fl, em_vec_move)
#define STORE(fl)        OP((fl) | V_STORE, em_vec_move)

#define M     F_MODRM
#define B     F_BYTE
#define RM_R  (M | D_RM | S_REG)
#define R_RM  (M | D_REG | S_RM)
#define RM_I  (D_RM | S_IMM)
#define MOV   F_MOV

/* The form for bytes, and after it the one for words. */
#define OP2(n, fl, fn)    [n] = OP((fl) | B, fn), [(n) + 1] = OP(fl, fn)
#define TABLE2(n, fl, t)  [n] = TABLE((fl) | B, t), [(n) + 1] = TABLE(fl, t)
/* The forms of a two-operand ALU instruction; x: F_LOCK or F_NOWB. */
#define ALU(n, fn, x) \
    OP2(n, RM_R | (x), fn), OP2((n) + 2, R_RM | ((x) & F_NOWB), fn)

static const struct opcode group1[8] = {
    OP(F_LOCK, em_add), OP(F_LOCK, em_or), OP(F_LOCK, em_adc),
    OP(F_LOCK, em_sbb), OP(F_LOCK, em_and), OP(F_LOCK, em_sub),
    OP(F_LOCK, em_xor), OP(F_NOWB, em_sub),
};

static const struct opcode group2[8] = {
    OP(0, em_rol), OP(0, em_ror), OP(0, em_rcl), OP(0, em_rcr),
    OP(0, em_shl), OP(0, em_shr), OP(0, em_shl), OP(0, em_sar),
};

static const struct opcode group3[8] = {
    OP(RM_I | F_NOWB | I_Z, em_test), OP(RM_I | F_NOWB | I_Z, em_test),
    OP(D_RM | F_LOCK, em_not), OP(D_RM | F_LOCK, em_neg),
    OP(S_RM, em_mul), OP(S_RM, em_mul), OP(S_RM, em_div), OP(S_RM, em_div),
};

static const struct opcode group11[8] = { OP(RM_I | MOV | I_Z, em_mov) };

const struct opcode opcodes_1byte[256] = {
    ALU(0x00, em_add, F_LOCK),
    ALU(0x08, em_or, F_LOCK),
    /* 0f: the two-byte maps */
    ALU(0x10, em_adc, F_LOCK),
    ALU(0x18, em_sbb, F_LOCK),
    ALU(0x20, em_and, F_LOCK),
    ALU(0x28, em_sub, F_LOCK),
    ALU(0x30, em_xor, F_LOCK),
    ALU(0x38, em_sub, F_NOWB),
    [0x63] = OP(M | D_REG | S_RM32 | MOV | F_ONLY64, em_movsx),
    [0x69] = OP(R_RM | MOV | I_Z, em_imul2),
    [0x6b] = OP(R_RM | MOV | I_8, em_imul2),
    OP2(0x6c, F_IO, em_string),                 /* INS */
    OP2(0x6e, F_IO, em_string),                 /* OUTS */
    TABLE2(0x80, RM_I | I_Z, group1),
    [0x82] = TABLE(RM_I | I_Z | B | F_NO64, group1),
    [0x83] = TABLE(RM_I | I_8, group1),
    OP2(0x84, RM_R | F_NOWB, em_test),
    OP2(0x86, RM_R | F_LOCK | F_XCHG, em_xchg),
    OP2(0x88, RM_R | MOV, em_mov),
    OP2(0x8a, R_RM | MOV, em_mov),
    [0x8c] = OP(M | D_RM | MOV, em_mov_from_sreg),
    [0x8f] = GROUP(0, OP(F_D64 | F_TWO, em_pop_rm)),
    OP2(0xa0, D_ACC | S_RM | MOV | I_OFFSET, em_mov),
    OP2(0xa2, D_RM | S_ACC | MOV | I_OFFSET, em_mov),
    OP2(0xa4, F_IMPLICIT | F_TWO, em_string),   /* MOVS */
    OP2(0xa6, F_IMPLICIT | F_TWO, em_string),   /* CMPS */
    OP2(0xaa, F_IMPLICIT, em_string),           /* STOS */
    OP2(0xac, F_IMPLICIT, em_string),           /* LODS */
    OP2(0xae, F_IMPLICIT, em_string),           /* SCAS */
    TABLE2(0xc0, D_RM | S_IMM | I_8, group2),
    TABLE2(0xc6, 0, group11),
    TABLE2(0xd0, D_RM | S_ONE, group2),
    TABLE2(0xd2, D_RM | S_CL, group2),
    [0xd7] = OP(D_ACC | B | F_IMPLICIT, em_xlat),
    [0xf4] = LEN(0),                            /* HLT */
    TABLE2(0xf6, 0, group3),
    [0xfe] = GROUP(B | D_RM, OP(F_LOCK, em_inc), OP(F_LOCK, em_dec)),
    [0xff] = GROUP(0, OP(D_RM | F_LOCK, em_inc), OP(D_RM | F_LOCK, em_dec),
                   [6] = OP(S_RM | F_D64 | F_TWO, em_push)),
};

const struct opcode opcodes_0f[256] = {
    [0x01] = LEN(M),                            /* VMCALL VMMCALL XSETBV ... */
    [0x08 ... 0x09] = LEN(0),                   /* INVD WBINVD */
    [0x10] = PREFIX(F_VEX, LOAD(0), LOAD(0), LOAD(V_4), LOAD(V_8)),
    [0x11] = PREFIX(F_VEX, STORE(0), STORE(0), STORE(V_4), STORE(V_8)),
    [0x12] = PREFIX(0, LOAD(V_HALF), LOAD(V_HALF)),
    [0x13] = PREFIX(F_VEX, STORE(V_HALF), STORE(V_HALF)),
    [0x16] = PREFIX(0, LOAD(V_HALF), LOAD(V_HALF)),
    [0x17] = PREFIX(F_VEX, STORE(V_HALF), STORE(V_HALF)),
    [0x22] = LEN(M | F_REGS),                   /* MOV to CR */
    [0x28] = PREFIX(F_VEX, LOAD(V_ALIGNED), LOAD(V_ALIGNED)),
    [0x29] = PREFIX(F_VEX, STORE(V_ALIGNED), STORE(V_ALIGNED)),
    [0x2b] = PREFIX(F_VEX, STORE(V_ALIGNED), STORE(V_ALIGNED)), /* MOVNTPS */
    [0x30] = LEN(0), [0x32] = LEN(0),           /* WRMSR RDMSR */
    [0x40 ... 0x4f] = OP(R_RM, em_cmov),
    [0x6e] = PREFIX(F_VEX, NONE, LOAD(V_W)),
    [0x6f] = PREFIX(F_VEX, NONE, LOAD(V_ALIGNED), LOAD(0)),
    [0x7e] = PREFIX(F_VEX, NONE, STORE(V_W), LOAD(V_8)),
    [0x7f] = PREFIX(F_VEX, NONE, STORE(V_ALIGNED), STORE(0)),
    [0x90 ... 0x9f] = OP(M | D_RM | MOV | B, em_setcc),
    [0xa2] = LEN(0),                            /* CPUID */
    [0xa3] = OP(RM_R | F_NOWB | F_BITS, em_bt),
    [0xa4] = OP(RM_R | I_8, em_shld),
    [0xa5] = OP(RM_R, em_shld),
    [0xab] = OP(RM_R | F_LOCK | F_BITS, em_bt), /* BTS */
    [0xac] = OP(RM_R | I_8, em_shrd),
    [0xad] = OP(RM_R, em_shrd),
    [0xae] = GROUP(0, [6] = PREFIX(0, NONE, OP(0, em_nop)),     /* CLWB */
                   /* CLFLUSH, CLFLUSHOPT */
                   [7] = PREFIX(0, OP(0, em_nop), OP(0, em_nop))),
    [0xaf] = OP(R_RM, em_imul2),
    OP2(0xb0, RM_R | F_LOCK, em_cmpxchg),
    [0xb3] = OP(RM_R | F_LOCK | F_BITS, em_bt), /* BTR */
    [0xb6] = OP(M | D_REG | S_RM8 | MOV, em_mov),
    [0xb7] = OP(M | D_REG | S_RM16 | MOV, em_mov),
    [0xb8] = PREFIX(0, NONE, NONE, OP(R_RM | MOV, em_popcnt)),
    [0xba] = GROUP(RM_I | I_8, [4] = OP(F_NOWB, em_bt),
                   [5 ... 7] = OP(F_LOCK, em_bt)),      /* BTS BTR BTC */
    [0xbb] = OP(RM_R | F_LOCK | F_BITS, em_bt), /* BTC */
    [0xbc] = OP(R_RM, em_bsf),
    [0xbd] = OP(R_RM, em_bsr),
    [0xbe] = OP(M | D_REG | S_RM8 | MOV, em_movsx),
    [0xbf] = OP(M | D_REG | S_RM16 | MOV, em_movsx),
    OP2(0xc0, RM_R | F_LOCK, em_xadd),
    [0xc3] = PREFIX(0, OP(RM_R | MOV, em_mov)), /* MOVNTI */
    [0xc7] = GROUP(0, [1] = OP(F_LOCK, em_cmpxchg8b)),
    [0xd6] = PREFIX(F_VEX, NONE, STORE(V_8)),
    [0xe7] = PREFIX(F_VEX, NONE, STORE(V_ALIGNED)),     /* MOVNTDQ */
    [0xf0] = PREFIX(F_VEX, NONE, NONE, NONE, LOAD(0)),  /* LDDQU */
};

const struct opcode opcodes_0f38[256] = {
    [0x2a] = PREFIX(0, NONE, LOAD(V_ALIGNED)),          /* MOVNTDQA */
    [0xf0] = PREFIX(0, OP(R_RM | MOV, em_movbe), OP(R_RM | MOV, em_movbe)),
    [0xf1] = PREFIX(0, OP(RM_R | MOV, em_movbe), OP(RM_R | MOV, em_movbe)),
};
/* clang-format on */
