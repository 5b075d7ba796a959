/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The grid of characters, its two ways to the screen, and the letters of the
 * framebuffer. Device memory is only written, never read: scrolling redraws
 * the cells that changed.
 */
#include "hypervisor/debug/screen.h"

#include "hypervisor/cpu/io.h"
#include "hypervisor/lib/string.h"

#define GRID_COLUMNS_MAX 240u
#define GRID_ROWS_MAX 90u
#define CELL_WIDTH 8
#define CELL_HEIGHT 16 /* two pixels for each of a glyph's eight */
#define FONT_FIRST ' '
#define FONT_LAST '~'

/*
 * A 5x8 matrix of each printable ASCII character, a byte each column from left
 * to right, bit 0 at the top, bit 7 below the base line. Drawn for this file.
 */
/* clang-format off */
static const uint64_t glyphs[FONT_LAST - FONT_FIRST + 1] = {
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

static char grid[GRID_ROWS_MAX][GRID_COLUMNS_MAX];
static unsigned int columns, rows, at_column;

static void (*draw)(unsigned int row, unsigned int column, char c);
static volatile uint8_t *memory;
static struct framebuffer format;

uint8_t font_column(char c, unsigned int column)
{
    if (c < FONT_FIRST || c > FONT_LAST || column >= FONT_COLUMNS)
        return 0;
    return (uint8_t)(glyphs[c - FONT_FIRST] >> 8 * (FONT_COLUMNS - 1 - column));
}

static void draw_vga(unsigned int row, unsigned int column, char c)
{
    mmio_write(memory + (row * columns + column) * 2, 2,
               0x0700 | (uint8_t)c); /* grey on black */
}

static void put_pixel(uint32_t x, uint32_t y, uint32_t colour)
{
    volatile uint8_t *p = memory + (uint64_t)y * format.pitch +
                          (uint64_t)x * (format.bpp / 8);

    if (format.bpp == 32)
        mmio_write32(p, colour);
    else
        for (unsigned int bit = 0; bit < format.bpp; bit += 8)
            mmio_write(p++, 1, colour >> bit);
}

static void draw_pixels(unsigned int row, unsigned int column, char c)
{
    uint32_t grey = 0; /* a light one: two thirds of each colour's range */

    for (unsigned int i = 0; i < ARRAY_SIZE(format.colour); i++)
        grey |= (uint32_t)((BIT(format.colour[i].size) - 1) * 2 / 3
                           << format.colour[i].pos);
    for (unsigned int x = 0; x < CELL_WIDTH; x++) {
        uint8_t bits = x ? font_column(c, x - 1) : 0;

        for (unsigned int y = 0; y < CELL_HEIGHT; y++)
            put_pixel(column * CELL_WIDTH + x, row * CELL_HEIGHT + y,
                      (bits >> (y / 2)) & 1 ? grey : 0);
    }
}

size_t screen_framebuffer_size(const struct framebuffer *fb)
{
    if (fb->type != FB_RGB || !fb->maddr ||
        fb->bpp < 16 || fb->bpp > 32 || fb->bpp % 8 ||
        fb->width < CELL_WIDTH || fb->width > 16384 ||
        fb->height < CELL_HEIGHT || fb->height > 16384 ||
        fb->pitch < fb->width * (fb->bpp / 8) || fb->pitch > 131072)
        return 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(fb->colour); i++)
        if (fb->colour[i].size > 16 ||
            fb->colour[i].pos + fb->colour[i].size > fb->bpp)
            return 0;
    return (size_t)fb->pitch * fb->height;
}

void screen_init(void *va, const struct framebuffer *fb)
{
    memory = va;
    if (fb)
        format = *fb;
    columns = fb ? MIN(fb->width / CELL_WIDTH, GRID_COLUMNS_MAX) : 80;
    rows = fb ? MIN(fb->height / CELL_HEIGHT, GRID_ROWS_MAX) : 25;
    draw = fb ? draw_pixels : draw_vga;
    at_column = 0;
    memset(grid, ' ', sizeof(grid));
    for (unsigned int r = 0; r < rows; r++)
        for (unsigned int c = 0; c < columns; c++)
            draw(r, c, ' ');
}

/* Text is always written to the last row. */
static void scroll(void)
{
    for (unsigned int r = 0; r < rows; r++)
        for (unsigned int c = 0; c < columns; c++) {
            char next = r + 1 < rows ? grid[r + 1][c] : ' ';

            if (grid[r][c] != next) {
                grid[r][c] = next;
                draw(r, c, next);
            }
        }
    at_column = 0;
}

void screen_put(char c)
{
    if (!draw)
        return;
    if (c == '\n' || (c >= ' ' && at_column == columns))
        scroll();
    if (c == '\r')
        at_column = 0;
    if (c < ' ')
        return;
    grid[rows - 1][at_column] = c;
    draw(rows - 1, at_column++, c);
}
