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
#include "hvm/emul/opcodes.h"

/* clang-format off */
#define OP(fl, fn)     { .flags = F_KNOWN | (fl), .exec = (fn) }
#define LEN(fl)        { .flags = F_KNOWN | (fl) }
#define GROUP(fl, t)   { .flags = F_MODRM | T_GROUP | (fl), .sub = (t) }
#define PREFIX(fl, t)  { .flags = F_MODRM | T_PREFIX | (fl), .sub = (t) }
#define NONE           { .flags = 0 }

#define M     F_MODRM
#define B     F_BYTE
#define RM_R  (M | D_RM | S_REG)
#define R_RM  (M | D_REG | S_RM)
#define RM_I  (D_RM | S_IMM)
#define MOV   F_MOV

/* The forms of a two-operand ALU instruction; x: F_LOCK or F_NOWB. */
#define ALU(base, fn, x)                                                \
    [(base) + 0] = OP(RM_R | B | (x), fn),                              \
    [(base) + 1] = OP(RM_R | (x), fn),                                  \
    [(base) + 2] = OP(R_RM | B | ((x) & F_NOWB), fn),                   \
    [(base) + 3] = OP(R_RM | ((x) & F_NOWB), fn)

static const struct opcode group1[8] = {
    OP(F_LOCK, em_add), OP(F_LOCK, em_or), OP(F_LOCK, em_adc),
    OP(F_LOCK, em_sbb), OP(F_LOCK, em_and), OP(F_LOCK, em_sub),
    OP(F_LOCK, em_xor), OP(F_NOWB, em_sub),
};

static const struct opcode group1a[8] = {
    OP(F_D64 | F_TWO, em_pop_rm),
};

static const struct opcode group2[8] = {
    OP(0, em_rol), OP(0, em_ror), OP(0, em_rcl), OP(0, em_rcr),
    OP(0, em_shl), OP(0, em_shr), OP(0, em_shl), OP(0, em_sar),
};

static const struct opcode group3[8] = {
    OP(RM_I | F_NOWB | I_Z, em_test), OP(RM_I | F_NOWB | I_Z, em_test),
    OP(D_RM | F_LOCK, em_not), OP(D_RM | F_LOCK, em_neg),
    OP(S_RM, em_mul), OP(S_RM, em_imul), OP(S_RM, em_div), OP(S_RM, em_idiv),
};

static const struct opcode group4[8] = {
    OP(D_RM | F_LOCK, em_inc), OP(D_RM | F_LOCK, em_dec),
};

static const struct opcode group5[8] = {
    [0] = OP(D_RM | F_LOCK, em_inc), [1] = OP(D_RM | F_LOCK, em_dec),
    [6] = OP(S_RM | F_D64 | F_TWO, em_push),
};

static const struct opcode group11[8] = {
    OP(RM_I | MOV | I_Z, em_mov),
};

const struct opcode opcodes_1byte[256] = {
    ALU(0x00, em_add, F_LOCK),
    ALU(0x08, em_or, F_LOCK),
    /* 0f: the two-byte maps */
    ALU(0x10, em_adc, F_LOCK),
    ALU(0x18, em_sbb, F_LOCK),
    ALU(0x20, em_and, F_LOCK),
    [0x26] = { .flags = F_PREFIX },
    ALU(0x28, em_sub, F_LOCK),
    [0x2e] = { .flags = F_PREFIX },
    ALU(0x30, em_xor, F_LOCK),
    [0x36] = { .flags = F_PREFIX },
    ALU(0x38, em_sub, F_NOWB),
    [0x3e] = { .flags = F_PREFIX },
    [0x63] = OP(M | D_REG | S_RM32 | MOV | F_ONLY64, em_movsx),
    [0x64 ... 0x67] = { .flags = F_PREFIX },
    [0x69] = OP(R_RM | MOV | I_Z, em_imul3),
    [0x6b] = OP(R_RM | MOV | I_8, em_imul3),
    [0x6c] = OP(F_IO | B, em_string),
    [0x6d] = OP(F_IO, em_string),
    [0x6e] = OP(F_IO | B, em_string),
    [0x6f] = OP(F_IO, em_string),
    [0x80] = GROUP(RM_I | I_Z | B, group1),
    [0x81] = GROUP(RM_I | I_Z, group1),
    [0x82] = GROUP(RM_I | I_Z | B | F_NO64, group1),
    [0x83] = GROUP(RM_I | I_8, group1),
    [0x84] = OP(RM_R | B | F_NOWB, em_test),
    [0x85] = OP(RM_R | F_NOWB, em_test),
    [0x86] = OP(RM_R | B | F_LOCK | F_XCHG, em_xchg),
    [0x87] = OP(RM_R | F_LOCK | F_XCHG, em_xchg),
    [0x88] = OP(RM_R | MOV | B, em_mov),
    [0x89] = OP(RM_R | MOV, em_mov),
    [0x8a] = OP(R_RM | MOV | B, em_mov),
    [0x8b] = OP(R_RM | MOV, em_mov),
    [0x8c] = OP(M | D_RM | MOV, em_mov_from_sreg),
    [0x8f] = GROUP(0, group1a),
    [0xa0] = OP(D_ACC | S_RM | MOV | B | I_OFFSET, em_mov),
    [0xa1] = OP(D_ACC | S_RM | MOV | I_OFFSET, em_mov),
    [0xa2] = OP(D_RM | S_ACC | MOV | B | I_OFFSET, em_mov),
    [0xa3] = OP(D_RM | S_ACC | MOV | I_OFFSET, em_mov),
    [0xa4] = OP(F_IMPLICIT | F_TWO | B, em_string),
    [0xa5] = OP(F_IMPLICIT | F_TWO, em_string),
    [0xa6] = OP(F_IMPLICIT | F_TWO | B, em_string),
    [0xa7] = OP(F_IMPLICIT | F_TWO, em_string),
    [0xaa] = OP(F_IMPLICIT | B, em_string),
    [0xab] = OP(F_IMPLICIT, em_string),
    [0xac] = OP(F_IMPLICIT | B, em_string),
    [0xad] = OP(F_IMPLICIT, em_string),
    [0xae] = OP(F_IMPLICIT | B, em_string),
    [0xaf] = OP(F_IMPLICIT, em_string),
    [0xc0] = GROUP(D_RM | S_IMM | I_8 | B, group2),
    [0xc1] = GROUP(D_RM | S_IMM | I_8, group2),
    [0xc6] = GROUP(B, group11),
    [0xc7] = GROUP(0, group11),
    [0xd0] = GROUP(D_RM | S_ONE | B, group2),
    [0xd1] = GROUP(D_RM | S_ONE, group2),
    [0xd2] = GROUP(D_RM | S_CL | B, group2),
    [0xd3] = GROUP(D_RM | S_CL, group2),
    [0xd7] = OP(F_IMPLICIT, em_xlat),
    [0xf0] = { .flags = F_PREFIX },
    [0xf2] = { .flags = F_PREFIX },
    [0xf3] = { .flags = F_PREFIX },
    [0xf4] = LEN(0),                            /* HLT */
    [0xf6] = GROUP(B, group3),
    [0xf7] = GROUP(0, group3),
    [0xfe] = GROUP(B, group4),
    [0xff] = GROUP(0, group5),
};

static const struct opcode group8[8] = {
    [4] = OP(F_NOWB, em_bt), [5] = OP(F_LOCK, em_bts),
    [6] = OP(F_LOCK, em_btr), [7] = OP(F_LOCK, em_btc),
};

static const struct opcode group9[8] = {
    [1] = OP(F_LOCK, em_cmpxchg8b),
};

/* Tables by mandatory prefix: none, 66, F3, F2. */
static const struct opcode pfx_clwb[4] = {
    [1] = OP(0, em_nop),
};
static const struct opcode pfx_clflush[4] = {
    OP(0, em_nop), OP(0, em_nop),               /* CLFLUSH, CLFLUSHOPT */
};
static const struct opcode pfx_0f10[4] = {
    OP(0, em_vec_load), OP(0, em_vec_load),
    OP(V_4, em_vec_load), OP(V_8, em_vec_load),
};
static const struct opcode pfx_0f11[4] = {
    OP(0, em_vec_store), OP(0, em_vec_store),
    OP(V_4, em_vec_store), OP(V_8, em_vec_store),
};
static const struct opcode pfx_load_half[4] = {
    OP(V_HALF, em_vec_load), OP(V_HALF, em_vec_load),
};
static const struct opcode pfx_store_half[4] = {
    OP(V_HALF, em_vec_store), OP(V_HALF, em_vec_store),
};
static const struct opcode pfx_0f28[4] = {
    OP(V_ALIGNED, em_vec_load), OP(V_ALIGNED, em_vec_load),
};
static const struct opcode pfx_0f29[4] = {
    OP(V_ALIGNED, em_vec_store), OP(V_ALIGNED, em_vec_store),
};
static const struct opcode pfx_0f6e[4] = {
    [1] = OP(V_W, em_vec_load),
};
static const struct opcode pfx_0f6f[4] = {
    NONE, OP(V_ALIGNED, em_vec_load), OP(0, em_vec_load), NONE,
};
static const struct opcode pfx_0f7e[4] = {
    NONE, OP(V_W, em_vec_store), OP(V_8, em_vec_load), NONE,
};
static const struct opcode pfx_0f7f[4] = {
    NONE, OP(V_ALIGNED, em_vec_store), OP(0, em_vec_store), NONE,
};
static const struct opcode pfx_0fb8[4] = {
    [2] = OP(R_RM | MOV, em_popcnt),
};
static const struct opcode pfx_0fc3[4] = {
    [0] = OP(RM_R | MOV, em_mov),               /* MOVNTI */
};
static const struct opcode pfx_0fd6[4] = {
    [1] = OP(V_8, em_vec_store),
};
static const struct opcode pfx_0fe7[4] = {
    [1] = OP(V_ALIGNED, em_vec_store),          /* MOVNTDQ */
};
static const struct opcode pfx_0ff0[4] = {
    [3] = OP(0, em_vec_load),                   /* LDDQU */
};

static const struct opcode group15[8] = {
    [6] = PREFIX(0, pfx_clwb), [7] = PREFIX(0, pfx_clflush),
};

const struct opcode opcodes_0f[256] = {
    [0x01] = LEN(M),                            /* VMCALL VMMCALL XSETBV ... */
    [0x08] = LEN(0), [0x09] = LEN(0),           /* INVD WBINVD */
    [0x10] = PREFIX(F_VEX, pfx_0f10),
    [0x11] = PREFIX(F_VEX, pfx_0f11),
    [0x12] = PREFIX(0, pfx_load_half),
    [0x13] = PREFIX(F_VEX, pfx_store_half),
    [0x16] = PREFIX(0, pfx_load_half),
    [0x17] = PREFIX(F_VEX, pfx_store_half),
    [0x22] = LEN(M | F_REGS),                   /* MOV to CR */
    [0x28] = PREFIX(F_VEX, pfx_0f28),
    [0x29] = PREFIX(F_VEX, pfx_0f29),
    [0x2b] = PREFIX(F_VEX, pfx_0f29),           /* MOVNTPS */
    [0x30] = LEN(0), [0x32] = LEN(0),           /* WRMSR RDMSR */
    [0x40 ... 0x4f] = OP(R_RM, em_cmov),
    [0x6e] = PREFIX(F_VEX, pfx_0f6e),
    [0x6f] = PREFIX(F_VEX, pfx_0f6f),
    [0x7e] = PREFIX(F_VEX, pfx_0f7e),
    [0x7f] = PREFIX(F_VEX, pfx_0f7f),
    [0x90 ... 0x9f] = OP(M | D_RM | MOV | B, em_setcc),
    [0xa2] = LEN(0),                            /* CPUID */
    [0xa3] = OP(RM_R | F_NOWB | F_BITS, em_bt),
    [0xa4] = OP(RM_R | I_8, em_shld),
    [0xa5] = OP(RM_R, em_shld),
    [0xab] = OP(RM_R | F_LOCK | F_BITS, em_bts),
    [0xac] = OP(RM_R | I_8, em_shrd),
    [0xad] = OP(RM_R, em_shrd),
    [0xae] = GROUP(0, group15),
    [0xaf] = OP(R_RM, em_imul2),
    [0xb0] = OP(RM_R | B | F_LOCK, em_cmpxchg),
    [0xb1] = OP(RM_R | F_LOCK, em_cmpxchg),
    [0xb3] = OP(RM_R | F_LOCK | F_BITS, em_btr),
    [0xb6] = OP(M | D_REG | S_RM8 | MOV, em_mov),
    [0xb7] = OP(M | D_REG | S_RM16 | MOV, em_mov),
    [0xb8] = PREFIX(0, pfx_0fb8),
    [0xba] = GROUP(RM_I | I_8, group8),
    [0xbb] = OP(RM_R | F_LOCK | F_BITS, em_btc),
    [0xbc] = OP(R_RM, em_bsf),
    [0xbd] = OP(R_RM, em_bsr),
    [0xbe] = OP(M | D_REG | S_RM8 | MOV, em_movsx),
    [0xbf] = OP(M | D_REG | S_RM16 | MOV, em_movsx),
    [0xc0] = OP(RM_R | B | F_LOCK, em_xadd),
    [0xc1] = OP(RM_R | F_LOCK, em_xadd),
    [0xc3] = PREFIX(0, pfx_0fc3),
    [0xc7] = GROUP(0, group9),
    [0xd6] = PREFIX(F_VEX, pfx_0fd6),
    [0xe7] = PREFIX(F_VEX, pfx_0fe7),
    [0xf0] = PREFIX(F_VEX, pfx_0ff0),
};

static const struct opcode pfx_0f382a[4] = {
    [1] = OP(V_ALIGNED, em_vec_load),           /* MOVNTDQA */
};
static const struct opcode pfx_0f38f0[4] = {
    OP(R_RM | MOV, em_movbe), OP(R_RM | MOV, em_movbe),
};
static const struct opcode pfx_0f38f1[4] = {
    OP(RM_R | MOV, em_movbe), OP(RM_R | MOV, em_movbe),
};

const struct opcode opcodes_0f38[256] = {
    [0x2a] = PREFIX(0, pfx_0f382a),
    [0xf0] = PREFIX(0, pfx_0f38f0),
    [0xf1] = PREFIX(0, pfx_0f38f1),
};
/* clang-format on */
