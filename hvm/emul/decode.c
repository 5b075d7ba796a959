/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction decoder.
 *
 * Owns prefixes, ModRM, displacement and immediate. What an opcode means is in
 * the tables of opcodes.c; nothing is executed here. Must not read a byte that
 * the caller did not give.
 */
#include "hvm/emul/decode.h"
#include "hvm/emul/opcodes.h"

#define REX_W 8u
#define REX_R 4u
#define REX_X 2u
#define REX_B 1u

_Static_assert(sizeof(struct insn) == 7 * 8, "insn_decode() clears all");

#define unlikely_(x) __builtin_expect(!!(x), 0)

/* Vector instructions that are not emulated: only their length matters. */
static const struct opcode vector_plain = { .flags = F_KNOWN | F_MODRM };
static const struct opcode vector_imm8 = { .flags = F_KNOWN | F_MODRM | I_8U };
static const struct opcode vector_imm32 = { .flags = F_KNOWN | F_MODRM | I_32 };
static const struct opcode vector_bare = { .flags = F_KNOWN };

/* The bytes not yet looked at. */
struct cursor {
    const uint8_t *p, *end;
};

static inline bool next_byte(struct cursor *k, uint8_t *b)
{
    if (unlikely_(k->p == k->end))
        return false;
    *b = *k->p++;
    return true;
}

/* Little-endian number of n bytes (1, 2, 4, 8), sign-extended. */
static inline bool next_signed(struct cursor *k, unsigned int n, uint64_t *v)
{
    int16_t v16;
    int32_t v32;

    if (unlikely_((unsigned int)(k->end - k->p) < n))
        return false;
    switch (n) {
    case 1:
        *v = (uint64_t)(int64_t)(int8_t)*k->p;
        break;
    case 2:
        __builtin_memcpy(&v16, k->p, 2);
        *v = (uint64_t)(int64_t)v16;
        break;
    case 4:
        __builtin_memcpy(&v32, k->p, 4);
        *v = (uint64_t)(int64_t)v32;
        break;
    default:
        __builtin_memcpy(v, k->p, 8);
    }
    k->p += n;
    return true;
}

static inline bool next_u16(struct cursor *k, uint16_t *v)
{
    if ((unsigned int)(k->end - k->p) < 2)
        return false;
    __builtin_memcpy(v, k->p, 2);
    k->p += 2;
    return true;
}

/*
 * Reads legacy and REX prefixes and the byte after them (*b). A REX counts only
 * directly before the opcode.
 */
static inline bool decode_prefixes(struct insn *i, struct cursor *k, uint8_t *b)
{
    for (;;) {
        if (!next_byte(k, b))
            return false;
        if (i->mode == 8 && (*b & 0xf0) == 0x40) {
            i->rex = *b;
            continue;
        }
        if (!(opcodes_1byte[*b].flags & F_PREFIX))
            return true;
        i->rex = 0;
        switch (*b) {
        case 0x66:
            i->opsize = true;
            break;
        case 0x67:
            i->ad_bytes = i->mode == 4 ? 2 : 4;
            break;
        case 0xf0:
            i->lock = true;
            break;
        case 0xf2:
        case 0xf3:
            i->rep = *b;
            break;
        case 0x64:
        case 0x65:
            i->seg = *b - 0x60;
            i->seg_override = true;
            break;
        default:            /* 26, 2e, 36, 3e: ignored in 64-bit code */
            if (i->mode == 8)
                break;
            i->seg = *b >> 3 & 3;
            i->seg_override = true;
        }
    }
}

/* 16-bit ModRM memory forms (SDM vol. 2A, table 2-1). */
static bool decode_mem16(struct insn *i, struct cursor *k, unsigned int mod)
{
    static const uint8_t bases[8] = {
        INSN_RBX, INSN_RBX, INSN_RBP, INSN_RBP,
        INSN_RSI, INSN_RDI, INSN_RBP, INSN_RBX
    };
    static const uint8_t indexes[8] = {
        INSN_RSI, INSN_RDI, INSN_RSI, INSN_RDI,
        INSN_NO_REG, INSN_NO_REG, INSN_NO_REG, INSN_NO_REG
    };
    unsigned int rm = i->modrm & 7;

    if (mod == 0 && rm == 6)
        return next_signed(k, 2, &i->disp);
    i->base = bases[rm];
    i->index = indexes[rm];
    if (i->base == INSN_RBP && !i->seg_override)
        i->seg = INSN_SS;
    return mod == 0 || next_signed(k, mod, &i->disp);
}

/* 32- and 64-bit ModRM memory forms (SDM vol. 2A, tables 2-2 and 2-3). */
static inline bool decode_mem32(struct insn *i, struct cursor *k,
                                unsigned int mod)
{
    unsigned int rm = i->modrm & 7;
    uint8_t sib;

    if (rm == 4) {
        if (!next_byte(k, &sib))
            return false;
        i->scale = sib >> 6;
        i->index = (sib >> 3 & 7) | (i->rex & REX_X) << 2;
        if (i->index == INSN_RSP)
            i->index = INSN_NO_REG;
        rm = sib & 7;
        if (rm == 5 && mod == 0)
            return next_signed(k, 4, &i->disp);
    } else if (rm == 5 && mod == 0) {
        i->rip_rel = i->mode == 8;
        return next_signed(k, 4, &i->disp);
    }
    i->base = rm | (i->rex & REX_B) << 3;
    if ((i->base == INSN_RSP || i->base == INSN_RBP) && !i->seg_override)
        i->seg = INSN_SS;
    return mod == 0 || next_signed(k, mod == 1 ? 1 : 4, &i->disp);
}

static inline bool decode_modrm(struct insn *i, struct cursor *k,
                                uint32_t flags)
{
    unsigned int mod;

    if (!next_byte(k, &i->modrm))
        return false;
    i->has_modrm = true;
    i->reg = (i->modrm >> 3 & 7) | (i->rex & REX_R) << 1;
    i->rm = (i->modrm & 7) | (i->rex & REX_B) << 3;
    mod = i->modrm >> 6;
    if (mod == 3 || (flags & F_REGS))
        return true;
    i->has_mem = true;
    if (i->ad_bytes == 2)
        return decode_mem16(i, k, mod);
    return decode_mem32(i, k, mod);
}

/* Follows group and prefix tables down to the instruction. */
static const struct opcode *resolve(const struct insn *i,
                                    const struct opcode *op)
{
    unsigned int n;

    while (op->flags & T_MASK) {
        switch (op->flags & T_MASK) {
        case T_GROUP:
            n = i->modrm >> 3 & 7;
            break;
        case T_PREFIX:
            n = i->rep ? (i->rep == 0xf3 ? 2 : 3) : i->opsize;
            break;
        case T_LONG:
            n = i->mode == 8;
            break;
        case T_MEMREG:
            n = !i->has_mem;
            break;
        default:
            n = i->modrm & 7;
        }
        op = &op->sub[n];
    }
    return op;
}

static inline void operand_size(struct insn *i, uint32_t flags)
{
    if (i->mode == 8) {
        if ((i->rex & REX_W) || (flags & F_NEAR))
            i->op_bytes = 8;
        else if (i->opsize)
            i->op_bytes = 2;
        else
            i->op_bytes = flags & F_D64 ? 8 : 4;
    } else {
        i->op_bytes = (i->mode == 2) != i->opsize ? 2 : 4;
    }
}

static bool decode_immediate(struct insn *i, struct cursor *k, uint32_t flags)
{
    unsigned int z = i->op_bytes == 2 ? 2 : 4;
    uint8_t b;

    switch (flags & I_MASK) {
    case I_NONE:
        return true;
    case I_8S:
        return next_signed(k, 1, &i->imm);
    case I_8U:
        if (!next_byte(k, &b))
            return false;
        i->imm = b;
        return true;
    case I_16:
        if (!next_u16(k, &i->imm2))
            return false;
        i->imm = i->imm2;
        return true;
    case I_Z:
        return next_signed(k, z, &i->imm);
    case I_32:
        return next_signed(k, 4, &i->imm);
    case I_V:
        return next_signed(k, i->op_bytes, &i->imm);
    case I_REL:
        return next_signed(k, i->mode == 8 ? 4 : z, &i->imm);
    case I_OFFSET:
        i->has_mem = true;
        return next_signed(k, i->ad_bytes, &i->disp);
    case I_FAR:
        return next_signed(k, z, &i->imm) && next_u16(k, &i->imm2);
    case I_16_8:
        if (!next_u16(k, &i->imm2) || !next_byte(k, &b))
            return false;
        i->imm = i->imm2;
        i->imm2 = b;
        return true;
    default:            /* I_8_8 */
        return next_u16(k, &i->imm2);
    }
}

/* Table entry of an opcode in the 0F maps, which start at the second byte. */
static const struct opcode *decode_0f(struct insn *i, struct cursor *k,
                                      bool *more)
{
    *more = !next_byte(k, &i->opcode);
    if (*more)
        return NULL;
    i->map = INSN_MAP_0F;
    if (i->opcode != 0x38 && i->opcode != 0x3a)
        return &opcodes_0f[i->opcode];
    i->map = i->opcode == 0x38 ? INSN_MAP_0F38 : INSN_MAP_0F3A;
    *more = !next_byte(k, &i->opcode);
    if (*more)
        return NULL;
    return i->map == INSN_MAP_0F38 ? &opcodes_0f38[i->opcode]
                                   : &opcodes_0f3a[i->opcode];
}

/*
 * The shape of a vector instruction: ModRM always but for VZEROUPPER and
 * VZEROALL, an immediate in known places.
 */
static const struct opcode *vector_shape(const struct insn *i)
{
    if (i->encoding == INSN_XOP)
        return i->map == 8 ? &vector_imm8 :
               i->map == 9 ? &vector_plain : &vector_imm32;
    if (i->map == INSN_MAP_0F3A)
        return &vector_imm8;
    if (i->map != INSN_MAP_0F)
        return &vector_plain;
    if (i->opcode == 0x77 && i->encoding == INSN_VEX)
        return &vector_bare;
    if ((i->opcode >= 0x70 && i->opcode <= 0x73) || i->opcode == 0xc2 ||
        (i->opcode >= 0xc4 && i->opcode <= 0xc6))
        return &vector_imm8;
    return &vector_plain;
}

/*
 * Takes over W, vvvv, L and pp, which stand in one byte in VEX3, EVEX and XOP.
 */
static void vector_wvlp(struct insn *i, uint8_t b)
{
    static const uint8_t reps[4] = { 0, 0, 0xf3, 0xf2 };

    if (i->mode == 8)
        i->rex |= b >> 4 & REX_W;
    i->vvvv = ~b >> 3 & (i->mode == 8 ? 15 : 7);
    i->vlen = b & 4 ? 32 : 16;
    i->opsize = (b & 3) == 1;
    i->rep = reps[b & 3];
}

/*
 * VEX, EVEX and XOP prefixes after their first byte, and the opcode (SDM vol.
 * 2A 2.3, 2.7; APM vol. 6 1.1). False at the end of the bytes; i->map is 0 if
 * the encoding is reserved.
 */
static bool decode_vector(struct insn *i, struct cursor *k, uint8_t first)
{
    bool reserved = i->opsize || i->rep || i->lock || i->rex;
    uint8_t b, w;

    i->rex = 0;
    if (!next_byte(k, &b))
        return false;
    if (first == 0xc5) {
        i->encoding = INSN_VEX;
        i->map = INSN_MAP_0F;
        if (i->mode == 8)
            i->rex = 0x40 | (~b >> 5 & REX_R);
        vector_wvlp(i, b & 0x7f);
    } else {
        i->encoding = first == 0xc4 ? INSN_VEX :
                      first == 0x62 ? INSN_EVEX : INSN_XOP;
        i->map = b & (first == 0x62 ? 7 : 31);
        if (i->mode == 8)
            i->rex = 0x40 | (~b >> 5 & 7);
        if (!next_byte(k, &w))
            return false;
        vector_wvlp(i, w);
    }
    if (i->encoding == INSN_VEX)
        reserved |= i->map == 0 || i->map > 3;
    if (i->encoding == INSN_XOP)
        reserved |= i->map > 10;
    if (i->encoding == INSN_EVEX) {
        if (!next_byte(k, &w))
            return false;
        i->vlen = 16u << (w >> 5 & 3);
        reserved |= i->map == 0 || i->map == 4 || i->map == 7 || (b & 8);
    }
    if (!next_byte(k, &i->opcode))
        return false;
    if (reserved)
        i->map = 0;
    return true;
}

/*
 * True if first, with the byte after it, begins a vector prefix: outside
 * 64-bit code C4, C5 and 62 are LES, LDS and BOUND unless ModRM names a
 * register; 8F is POP unless the map would be 8 or more.
 */
static inline bool is_vector(const struct insn *i, const struct cursor *k,
                             uint8_t first, bool *more)
{
    *more = false;
    if (first != 0xc4 && first != 0xc5 && first != 0x62 && first != 0x8f)
        return false;
    *more = k->p == k->end;
    if (*more)
        return false;
    if (first == 0x8f)
        return (*k->p & 0x1f) >= 8;
    return i->mode == 8 || *k->p >= 0xc0;
}

enum insn_status insn_decode(struct insn *i, const uint8_t *bytes,
                             unsigned int n, unsigned int mode)
{
    struct cursor k = { bytes, bytes + (n < INSN_MAX_BYTES
                                        ? n : INSN_MAX_BYTES) };
    const struct opcode *op, *shape;
    uint8_t first;
    bool more;

    /* By hand: compilers make a slow REP STOS of an initialiser. */
    i->imm = 0;
    i->disp = 0;
    i->words[0] = i->words[1] = i->words[2] = i->words[3] = 0;
    i->mode = i->ad_bytes = (uint8_t)mode;
    i->seg = INSN_DS;
    i->base = i->index = INSN_NO_REG;
    if (!decode_prefixes(i, &k, &first))
        goto out_of_bytes;
    if (unlikely_(is_vector(i, &k, first, &more))) {
        if (!decode_vector(i, &k, first))
            goto out_of_bytes;
        if (!i->map)
            goto undefined;
        shape = vector_shape(i);
        op = i->encoding == INSN_VEX && i->map == INSN_MAP_0F ?
             &opcodes_0f[i->opcode] : shape;
        if ((shape->flags & F_MODRM) && !decode_modrm(i, &k, 0))
            goto out_of_bytes;
        op = resolve(i, op);
        if (!(op->flags & F_VEX))
            op = shape;
    } else {
        if (more)
            goto out_of_bytes;
        i->opcode = first;
        op = &opcodes_1byte[first];
        if (first == 0x0f) {
            op = decode_0f(i, &k, &more);
            if (more)
                goto out_of_bytes;
        }
        if ((op->flags & F_MODRM) && !decode_modrm(i, &k, op->flags))
            goto out_of_bytes;
        if (unlikely_(op->flags & T_MASK))
            op = resolve(i, op);
    }
    if (unlikely_(!(op->flags & F_KNOWN) ||
                  ((op->flags & F_NO64) && mode == 8)))
        goto undefined;
    i->op = op;
    operand_size(i, op->flags);
    if (!decode_immediate(i, &k, op->flags))
        goto out_of_bytes;
    i->len = k.p - bytes;
    return INSN_OK;

undefined:
    i->len = k.p - bytes;
    return INSN_UNDEFINED;
out_of_bytes:
    i->len = k.p - bytes;
    return n >= INSN_MAX_BYTES ? INSN_TOO_LONG : INSN_MORE;
}
