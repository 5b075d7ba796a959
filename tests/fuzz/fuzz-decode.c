/* sources: hvm/emul/decode.c hvm/emul/opcodes.c hvm/emul/emul.c hvm/emul/fast.c hvm/emul/arith.c hvm/emul/muldiv.c hvm/emul/move.c hvm/emul/string.c hvm/emul/simd.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The decoder on arbitrary bytes: reads nothing beyond them (AddressSanitizer
 * sees an exact copy), a length never exceeds what was there, more bytes never
 * change a finished decode, and missing ones are always asked for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hvm/emul/emul.h"

#define REQUIRE(x)                                                      \
    do {                                                                \
        if (!(x))                                                       \
            abort();                                                    \
    } while (0)

static enum insn_status decode(struct insn *i, const uint8_t *data,
                               unsigned int n, unsigned int mode)
{
    uint8_t *copy = malloc(n ? n : 1);
    enum insn_status st;

    memcpy(copy, data, n);
    st = insn_decode(i, copy, n, mode);
    free(copy);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned int modes[4] = { 2, 4, 8, 8 };
    enum insn_status st, shorter;
    struct insn i, k;
    unsigned int mode, n, plain_n;
    uint8_t plain[2];

    if (size < 1)
        return 0;
    mode = modes[data[0] & 3];
    data++;
    n = size - 1 > 20 ? 20 : (unsigned int)(size - 1);
    st = decode(&i, data, n, mode);
    REQUIRE(i.len <= n && i.len <= INSN_MAX_BYTES);
    REQUIRE(st != INSN_MORE || n < INSN_MAX_BYTES);
    REQUIRE(st != INSN_TOO_LONG || n >= INSN_MAX_BYTES);
    if (st != INSN_OK)
        return 0;
    REQUIRE(i.op && i.len);
    REQUIRE(i.base < 16 || i.base == INSN_NO_REG);
    REQUIRE(i.index < 16 || i.index == INSN_NO_REG);
    REQUIRE(i.seg <= SEG_GS && i.reg < 16 && i.rm < 16);
    /* Exactly these bytes are needed. */
    REQUIRE(decode(&k, data, i.len, mode) == INSN_OK && k.len == i.len);
    shorter = decode(&k, data, i.len - 1u, mode);
    REQUIRE(shorter == INSN_MORE);
    /* As the one it is, and as another. */
    plain[0] = i.map == INSN_MAP_1BYTE ? i.opcode : 0x0f;
    plain[1] = i.opcode;
    plain_n = i.map == INSN_MAP_1BYTE ? 1 : 2;
    REQUIRE(insn_length_of(data, n, mode, plain, plain_n) ==
            (i.vex || i.map == INSN_MAP_0F38 ? 0 : i.len));
    plain[plain_n - 1] ^= 1;
    REQUIRE(!insn_length_of(data, n, mode, plain, plain_n));
    return 0;
}
