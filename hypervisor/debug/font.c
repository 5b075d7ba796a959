/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The letters of the framebuffer console: a 5x8 matrix of each printable
 * ASCII character, a byte each column from left to right, bit 0 at the top,
 * bit 7 below the base line. Drawn for this file.
 */
#include "hypervisor/debug/screen.h"

#define FIRST ' '
#define LAST '~'

/* clang-format off */
static const uint64_t glyphs[LAST - FIRST + 1] = {
    0x0000000000, 0x00005f0000, 0x0007000700, 0x147f147f14, /*  !"# */
    0x242a7f2a12, 0x6313086463, 0x3649562050, 0x0004030000, /* $%&' */
    0x003e410000, 0x0000413e00, 0x2a1c3e1c2a, 0x08083e0808, /* ()*+ */
    0x0080600000, 0x0808080808, 0x0060600000, 0x6010080403, /* ,-./ */
    0x3e4149413e, 0x40427f4040, 0x6251494946, 0x2241494936, /* 0123 */
    0x1814127f10, 0x2f49494931, 0x3e49494932, 0x0161190503, /* 4567 */
    0x3649494936, 0x264949493e, 0x0036360000, 0x0080760000, /* 89:; */
    0x0814224100, 0x1414141414, 0x0041221408, 0x0201590906, /* <=>? */
    0x3e415d551e, 0x7e0909097e, 0x7f49494936, 0x3e41414122, /* @ABC */
    0x7f4141413e, 0x7f49494941, 0x7f09090901, 0x3e4141493a, /* DEFG */
    0x7f0808087f, 0x00417f4100, 0x204040403f, 0x7f08142241, /* HIJK */
    0x7f40404040, 0x7f020c027f, 0x7f020c107f, 0x3e4141413e, /* LMNO */
    0x7f09090906, 0x3e4151215e, 0x7f09192946, 0x2649494932, /* PQRS */
    0x01017f0101, 0x3f4040403f, 0x0f3040300f, 0x3f4038403f, /* TUVW */
    0x6314081463, 0x0708700807, 0x6151494543, 0x007f414100, /* XYZ[ */
    0x0304081060, 0x0041417f00, 0x0402010204, 0x8080808080, /* \]^_ */
    0x0001020400, 0x2054545478, 0x7f48444438, 0x3844444428, /* `abc */
    0x384444487f, 0x3854545418, 0x087e090102, 0x18a4a4a47c, /* defg */
    0x7f08040478, 0x00447d4000, 0x4080847d00, 0x7f10284400, /* hijk */
    0x00417f4000, 0x7c04780478, 0x7c08040478, 0x3844444438, /* lmno */
    0xfc24242418, 0x18242424fc, 0x7c08040408, 0x4854545424, /* pqrs */
    0x043f444020, 0x3c4040207c, 0x1c2040201c, 0x3c4030403c, /* tuvw */
    0x4428102844, 0x1ca0a0a07c, 0x4464544c44, 0x0836414100, /* xyz{ */
    0x00007f0000, 0x0041413608, 0x1008102010, /* |}~ */
};
/* clang-format on */

uint8_t font_column(char c, unsigned int column)
{
    if (c < FIRST || c > LAST || column >= FONT_COLUMNS)
        return 0;
    return (uint8_t)(glyphs[c - FIRST] >> 8 * (FONT_COLUMNS - 1 - column));
}
