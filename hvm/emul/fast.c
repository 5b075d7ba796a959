/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short way for plain moves between a register or immediate and memory in
 * 64-bit code: what drivers' register accesses compile to, and so nearly all
 * that device memory sees.
 *
 * Knows MOV (88 89 8a 8b c6 c7) and MOVZX (0f b6, 0f b7) with 66 and REX
 * prefixes. Everything unusual, faults of the address included, is left to the
 * general way before anything is done; test-emul-native.c holds the two
 * against each other.
 */
#include "hvm/emul/handlers.h"

/* 66 REX C7 ModRM SIB disp32 imm32 is the longest form. */
#define FAST_BYTES 13

/*
 * Address of the memory operand whose ModRM is at p; imm: bytes that follow it.
 * Returns the position after the displacement.
 */
static inline const uint8_t *fast_address(const struct emul_ctx *c,
                                          const uint8_t *p, unsigned int rex,
                                          unsigned int imm, uint64_t *la)
{
    unsigned int modrm = *p++, mod = modrm >> 6, base = modrm & 7;
    uint64_t ea = 0;

    if (base == 4) {
        unsigned int sib = *p++, index = (sib >> 3 & 7) | (rex & REX_X) << 2;

        if (index != RSP)
            ea = c->gpr[index] << (sib >> 6);
        base = sib & 7;
    } else if (base == 5 && mod == 0) {
        ea = c->rip + (uint64_t)(p + 4 + imm - c->bytes);
    }
    if (base == 5 && mod == 0)
        mod = 2;
    else
        ea += c->gpr[base | (rex & REX_B) << 3];
    if (mod == 1) {
        ea += (uint64_t)(int8_t)*p;
        p += 1;
    } else if (mod == 2) {
        ea += (uint64_t)get32(p);
        p += 4;
    }
    *la = ea;
    return p;
}

bool fast_move(struct emul_ctx *c, enum emul_rc *rc)
{
    const uint8_t *p = c->bytes;
    unsigned int rex = 0, word = 4, op, bytes, to, imm = 0, reg;
    bool load;
    uint64_t la, val = 0;

    if (c->mode != 8 || c->nbytes < FAST_BYTES ||
        (c->rflags & (RFLAGS_TF | RFLAGS_AC)))
        return false;
    op = *p++;
    if (op == 0x66) {
        word = 2;
        op = *p++;
    }
    if ((op & 0xf0) == 0x40) {
        rex = op;
        if (rex & REX_W)
            word = 8;
        op = *p++;
    }
    bytes = to = op & 1 ? word : 1;
    if ((op & 0xfc) == 0x88) {
        load = op & 2;
    } else if ((op & 0xfe) == 0xc6 && !(*p & 0x38)) {
        load = false;
        imm = bytes == 8 ? 4 : bytes;
    } else if (op == 0x0f && (*p & 0xfe) == 0xb6) {
        load = true;
        op = *p++;
        bytes = op & 1 ? 2 : 1;
        to = word;
    } else {
        return false;
    }
    if (*p >= 0xc0)
        return false;
    reg = (*p >> 3 & 7) | (rex & REX_R) << 1;
    p = fast_address(c, p, rex, imm, &la);
    if (unlikely(!is_canonical(la) || !is_canonical(la + bytes - 1)))
        return false;

    /* What emul_one_place() and reg_put() look at. */
    c->insn.flags = 0;
    c->insn.rex = (uint8_t)rex;
    if (load) {
        *rc = c->ops->read(c, la, &val, bytes, false);
    } else {
        val = imm == 0 ? reg_get(c, reg, bytes) : imm == 1 ? *p :
              imm == 2 ? get16(p) : (uint64_t)get32(p);
        *rc = c->ops->write(c, la, &val, bytes);
    }
    if (unlikely(*rc))
        return true;
    if (load)
        reg_put(c, reg, to, val);
    c->rip += (uint64_t)(p + imm - c->bytes);
    c->rflags &= ~RFLAGS_RF;
    return true;
}
