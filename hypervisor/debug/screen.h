/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text on the screen: a grid of characters kept here, drawn either as VGA
 * text or as pixels of a linear framebuffer.
 */
#pragma once

#include "hypervisor/lib/util.h"

/* As multiboot lays it out. */
enum { FB_UNUSABLE, FB_RGB, FB_TEXT };
struct framebuffer {
    uint64_t maddr;
    uint32_t pitch;     /* bytes per line */
    uint32_t width, height;
    uint8_t bpp;        /* bits per pixel: 16, 24 or 32 */
    uint8_t type;       /* FB_TEXT: 80x25 at 0xb8000, the rest is unused */
    struct {
        uint8_t pos, size; /* bits of a pixel */
    } colour[3];        /* red, green, blue */
} __packed;

/* Bytes of fb that must be mapped; 0 if its format cannot be drawn on. */
size_t screen_framebuffer_size(const struct framebuffer *fb);

/* The screen is fb, mapped at va, or with NULL text memory (80x25). Clears
 * it. */
void screen_init(void *va, const struct framebuffer *fb);

/* One character, if there is a screen; '\n' ends the line. Lock CONSOLE. */
void screen_put(char c);

/* Column c (0 to 4) of a printable character's glyph, bit 0 at the top. */
#define FONT_COLUMNS 5
uint8_t font_column(char c, unsigned int column);
