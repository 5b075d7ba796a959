/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction decoder.
 *
 * Owns prefixes, ModRM, displacement and immediate. What an opcode means is in
 * the tables of opcodes.c; nothing is executed here. Must not read a byte that
 * the caller did not give.
 */
#include "hvm/emul/handlers.h"

_Static_assert(sizeof(struct insn) == 7 * 8, "insn_decode() clears all");

/* The bytes not yet looked at. Past the last one zeroes are read, and noted. */
struct cursor {
    const uint8_t *p, *end;
    bool ran_out;
};

/* Little-endian number of n bytes (1, 2, 4, 8), sign-extended. */
static inline uint64_t next_signed(struct cursor *k, unsigned int n)
{
    const uint8_t *p = k->p;
    uint64_t v;

    if (unlikely((unsigned int)(k->end - p) < n)) {
        k->ran_out = true;
        return 0;
    }
    k->p += n;
    switch (n) {
    case 1:
        return (uint64_t)(int8_t)*p;
    case 2:
        return (uint64_t)(int16_t)get16(p);
    case 4:
        return (uint64_t)get32(p);
    default:
        __builtin_memcpy(&v, p, 8);
        return v;
    }
}

static inline uint8_t next_byte(struct cursor *k)
{
    return (uint8_t)next_signed(k, 1);
}

/* Reads legacy and REX prefixes, and the byte after them into i->opcode. */
static inline void decode_prefixes(struct insn *i, struct cursor *k)
{
    for (;;) {
        uint8_t b = next_byte(k);

        if (i->mode == 8 && (b & 0xf0) == 0x40) {
            i->rex = b;
            continue;
        }
        if (b == 0x66) {
            i->opsize = true;
        } else if (b == 0x67) {
            i->ad_bytes = i->mode == 4 ? 2 : 4;
        } else if (b == 0xf0) {
            i->lock = true;
        } else if (b == 0xf2 || b == 0xf3) {
            i->rep = b;
        } else if (b == 0x64 || b == 0x65 || (b & 0xe7) == 0x26) {
            /* 26, 2E, 36 and 3E are ignored in 64-bit code. */
            if (i->mode != 8 || b >= 0x64)
                i->seg = b < 0x64 ? b >> 3 & 3 : b - 0x60;
        } else {
            i->opcode = b;
            return;
        }
        i->rex = 0;             /* counts only directly before the opcode */
    }
}

/* 16-bit ModRM memory forms (SDM vol. 2A, table 2-1). */
static void decode_mem16(struct insn *i, struct cursor *k, unsigned int mod)
{
    static const uint8_t forms[8][2] = {
        { RBX, RSI }, { RBX, RDI }, { RBP, RSI }, { RBP, RDI },
        { RSI, INSN_NO_REG }, { RDI, INSN_NO_REG },
        { RBP, INSN_NO_REG }, { RBX, INSN_NO_REG },
    };
    unsigned int rm = i->modrm & 7;

    if (mod == 0 && rm == 6) {
        mod = 2;
    } else {
        i->base = forms[rm][0];
        i->index = forms[rm][1];
    }
    if (mod)
        i->disp = next_signed(k, mod);
}

/* 32- and 64-bit ModRM memory forms (SDM vol. 2A, tables 2-2 and 2-3). */
static inline void decode_mem32(struct insn *i, struct cursor *k,
                                unsigned int mod)
{
    unsigned int rm = i->modrm & 7;

    if (rm == 4) {
        uint8_t sib = next_byte(k);

        i->scale = sib >> 6;
        i->index = (sib >> 3 & 7) | (i->rex & REX_X) << 2;
        if (i->index == RSP)
            i->index = INSN_NO_REG;
        rm = sib & 7;
    } else if (rm == 5 && mod == 0) {
        i->rip_rel = i->mode == 8;
    }
    if (rm == 5 && mod == 0)
        mod = 2;
    else
        i->base = rm | (i->rex & REX_B) << 3;
    if (mod)
        i->disp = next_signed(k, mod == 1 ? 1 : 4);
}

static inline void decode_modrm(struct insn *i, struct cursor *k)
{
    unsigned int mod;

    i->modrm = next_byte(k);
    i->reg = (i->modrm >> 3 & 7) | (i->rex & REX_R) << 1;
    i->rm = (i->modrm & 7) | (i->rex & REX_B) << 3;
    mod = i->modrm >> 6;
    if (mod == 3 || (i->op->flags & F_REGS))
        return;
    i->has_mem = true;
    if (i->ad_bytes == 2)
        decode_mem16(i, k, mod);
    else
        decode_mem32(i, k, mod);
}

/* Goes from i->op to the instruction's own entry, through sub-tables. */
static inline void resolve(struct insn *i)
{
    i->flags = i->op->flags;
    while (unlikely(i->op->flags & (T_GROUP | T_PREFIX))) {
        unsigned int prefix = i->rep ? (i->rep == 0xf3 ? 2 : 3) : i->opsize;
        bool group = i->op->flags & T_GROUP;

        i->op = &i->op->sub[group ? i->modrm >> 3 & 7 : prefix];
        i->flags |= i->op->flags;
    }
}

static inline void operand_size(struct insn *i)
{
    if (i->flags & F_BYTE)
        i->op_bytes = 1;
    else if (i->mode != 8)
        i->op_bytes = (i->mode == 2) != i->opsize ? 2 : 4;
    else if (i->rex & REX_W)    /* ports are at most 32 bits wide */
        i->op_bytes = i->flags & F_IO ? 4 : 8;
    else if (i->opsize)
        i->op_bytes = 2;
    else
        i->op_bytes = i->flags & F_D64 ? 8 : 4;
}

static inline void decode_immediate(struct insn *i, struct cursor *k)
{
    uint32_t kind = i->flags & I_MASK;

    if (kind == I_OFFSET) {
        i->has_mem = true;
        i->disp = next_signed(k, i->ad_bytes);
    } else if (kind) {
        i->imm = next_signed(k, kind == I_8 ? 1 : MIN(i->op_bytes, 4u));
    }
}

/*
 * A VEX prefix, of which b is the second byte, and the opcode (SDM vol. 2A
 * 2.3). Only the 0F map has instructions that we know.
 */
static void decode_vex(struct insn *i, struct cursor *k, uint8_t b)
{
    static const uint8_t reps[4] = { 0, 0, 0xf3, 0xf2 };
    bool long_form = i->opcode == 0xc4;
    bool reserved = i->opsize || i->rep || i->lock || i->rex ||
                    (long_form && (b & 31) != 1);
    uint8_t wvlp = long_form ? next_byte(k) : b & 0x7f;

    i->vex = true;
    if (i->mode == 8)
        i->rex = 0x40 | (~b >> 5 & (long_form ? 7 : REX_R)) |
                 (wvlp >> 4 & REX_W);
    i->vvvv = ~wvlp >> 3 & (i->mode == 8 ? 15 : 7);
    i->vlen = wvlp & 4 ? 32 : 16;
    i->opsize = (wvlp & 3) == 1;
    i->rep = reps[wvlp & 3];
    b = next_byte(k);
    if (!reserved) {            /* else C4 or C5 of the first map: undefined */
        i->map = INSN_MAP_0F;
        i->opcode = b;
        i->op = &opcodes_0f[b];
    }
}

/* The rest of the opcode, and its entry. */
static inline void decode_opcode(struct insn *i, struct cursor *k)
{
    i->op = &opcodes_1byte[i->opcode];
    if (unlikely((i->opcode & 0xfe) == 0xc4)) {
        uint8_t b = next_byte(k);

        /* Outside 64-bit code a memory operand makes it LES or LDS. */
        if (i->mode == 8 || b >= 0xc0)
            decode_vex(i, k, b);
    } else if (i->opcode == 0x0f) {
        i->opcode = next_byte(k);
        i->map = INSN_MAP_0F;
        i->op = &opcodes_0f[i->opcode];
        if (i->opcode == 0x38) {
            i->opcode = next_byte(k);
            i->map = INSN_MAP_0F38;
            i->op = &opcodes_0f38[i->opcode];
        }
    }
}

enum insn_status insn_decode(struct insn *i, const uint8_t *bytes,
                             unsigned int n, unsigned int mode)
{
    struct cursor k = {
        .p = bytes, .end = bytes + MIN(n, (unsigned int)INSN_MAX_BYTES)
    };
    bool unknown;

    /* By hand: compilers make a slow REP STOS of an initialiser. */
    i->imm = 0;
    i->disp = 0;
    i->words[0] = i->words[1] = i->words[2] = i->words[3] = 0;
    i->mode = i->ad_bytes = (uint8_t)mode;
    i->seg = i->base = i->index = INSN_NO_REG;
    i->vlen = 16;
    decode_prefixes(i, &k);
    decode_opcode(i, &k);
    if (i->op->flags & F_MODRM)
        decode_modrm(i, &k);
    if (likely(i->seg == INSN_NO_REG))
        i->seg = i->base == RSP || i->base == RBP ? SEG_SS : SEG_DS;
    resolve(i);
    unknown = !(i->flags & F_KNOWN) || (i->vex && !(i->flags & F_VEX)) ||
              (i->flags & (mode == 8 ? F_NO64 : F_ONLY64));
    if (likely(!unknown)) {
        operand_size(i);
        decode_immediate(i, &k);
    }
    i->len = k.p - bytes;
    if (unlikely(k.ran_out))
        return n < INSN_MAX_BYTES ? INSN_MORE : INSN_TOO_LONG;
    return unlikely(unknown) ? INSN_UNDEFINED : INSN_OK;
}

unsigned int insn_length_of(const uint8_t *bytes, unsigned int n,
                            unsigned int mode, const uint8_t *plain,
                            unsigned int len)
{
    struct insn i;

    if (!len || insn_decode(&i, bytes, n, mode) != INSN_OK || i.vex ||
        i.map != (len > 1 ? INSN_MAP_0F : INSN_MAP_1BYTE) ||
        i.opcode != plain[len > 1] || (len > 2 && i.modrm != plain[2]))
        return 0;
    return i.len;
}
