/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The grid of characters and its two ways to the screen. Device memory is
 * only written, never read: scrolling redraws the cells that changed.
 */
#include "hypervisor/debug/screen.h"

#include "hypervisor/cpu/io.h"
#include "hypervisor/lib/string.h"

#define GRID_COLUMNS_MAX 240u
#define GRID_ROWS_MAX 90u
#define CELL_WIDTH 8
#define CELL_HEIGHT (2 * FONT_ROWS)
#define VGA_ATTRIBUTE 0x0700

static char grid[GRID_ROWS_MAX][GRID_COLUMNS_MAX];
static unsigned int columns, rows, at_column;

static void (*draw)(unsigned int row, unsigned int column, char c);
static volatile uint8_t *memory;
static struct framebuffer format;

static void draw_vga(unsigned int row, unsigned int column, char c)
{
    mmio_write16(memory + (row * columns + column) * 2,
                 (uint16_t)(VGA_ATTRIBUTE | (uint8_t)c));
}

static uint32_t channel(unsigned int pos, unsigned int size)
{
    /* Light grey: two thirds of the channel's range. */
    return size ? ((1u << size) - 1) * 2 / 3 << pos : 0;
}

static void put_pixel(uint32_t x, uint32_t y, uint32_t colour)
{
    volatile uint8_t *p = memory + (uint64_t)y * format.pitch +
                          (uint64_t)x * (format.bpp / 8);

    if (format.bpp == 32)
        mmio_write32(p, colour);
    else
        for (unsigned int bit = 0; bit < format.bpp; bit += 8)
            mmio_write8(p++, (uint8_t)(colour >> bit));
}

static void draw_pixels(unsigned int row, unsigned int column, char c)
{
    uint32_t grey = channel(format.red_pos, format.red_size) |
                    channel(format.green_pos, format.green_size) |
                    channel(format.blue_pos, format.blue_size);

    for (unsigned int x = 0; x < CELL_WIDTH; x++) {
        uint8_t bits = x ? font_column(c, x - 1) : 0;

        for (unsigned int y = 0; y < CELL_HEIGHT; y++)
            put_pixel(column * CELL_WIDTH + x, row * CELL_HEIGHT + y,
                      (bits >> (y / 2)) & 1 ? grey : 0);
    }
}

size_t screen_framebuffer_size(const struct framebuffer *fb)
{
    bool format_ok = fb->bpp == 16 || fb->bpp == 24 || fb->bpp == 32;

    if (!fb->maddr || !format_ok || fb->width < CELL_WIDTH ||
        fb->height < CELL_HEIGHT || fb->width > 16384 || fb->height > 16384 ||
        fb->pitch < fb->width * (fb->bpp / 8) || fb->pitch > 131072 ||
        fb->red_pos + fb->red_size > fb->bpp ||
        fb->green_pos + fb->green_size > fb->bpp ||
        fb->blue_pos + fb->blue_size > fb->bpp ||
        fb->red_size > 16 || fb->green_size > 16 || fb->blue_size > 16)
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
