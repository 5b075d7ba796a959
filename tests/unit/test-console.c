/* sources: hypervisor/debug/console.c hypervisor/debug/screen.c hypervisor/lib/format.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/* The ring behind `xl dmesg`, the switch of input, the screen's grid. */
#include "hypervisor/debug/console.h"

#include <string.h>

#include "hypervisor/debug/screen.h"
#include "hypervisor/debug/upcalls.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

static char to_dom0[64], to_lodge[64], serial[1 << 20];
static size_t serial_size;

void console_input(char c) { strncat(to_dom0, &c, 1); }
void debug_key(char c) { strncat(to_lodge, &c, 1); }
void smp_stop_others(void) {}
void smp_stop_here(void) { abort(); }
void machine_end(bool wait) { abort(); }
uint64_t now_ns(void) { return 0; }
bool uart_init(void) { return true; }
void uart_put(char c) { serial[serial_size++ % sizeof(serial)] = c; }

static void write_text(const char *s)
{
    console_printf("%s", s);
}

static void test_ring(void)
{
    static char big[CONSOLE_RING_SIZE + 100], out[CONSOLE_RING_SIZE + 200];
    uint32_t at = 0, start;

    start = console_ring_end();
    at = start;
    write_text("one\n");
    CHECK_EQ(console_ring_read(out, sizeof(out), &at), 4);
    CHECK(!memcmp(out, "one\n", 4));
    console_write_raw("domain 0's\n", 11); /* is not kept */
    CHECK_EQ(console_ring_read(out, sizeof(out), &at), 0);
    write_text("two\n");
    CHECK_EQ(console_ring_read(out, 2, &at), 2); /* in pieces */
    CHECK_EQ(console_ring_read(out + 2, 10, &at), 2);
    CHECK(!memcmp(out, "two\n", 4));

    at = start;
    console_ring_clear(start + 4);
    CHECK_EQ(console_ring_read(out, sizeof(out), &at), 4);
    CHECK(!memcmp(out, "two\n", 4));
    console_ring_clear(start + 2); /* never backwards */
    at = start;
    CHECK_EQ(console_ring_read(out, sizeof(out), &at), 4);

    /* More than the ring holds: the newest stays. */
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)('a' + i % 26);
    for (size_t i = 0; i < sizeof(big); i++)
        console_printf("%c", big[i]);
    at = start;
    CHECK_EQ(console_ring_read(out, sizeof(out), &at), CONSOLE_RING_SIZE);
    CHECK(!memcmp(out, big + 100, CONSOLE_RING_SIZE));
    CHECK_EQ(at, console_ring_end());
    at += 5; /* a position that was never reached reads from the start */
    CHECK_EQ(console_ring_read(out, 1, &at), 1);
    CHECK_EQ(out[0], big[100]);
}

static void test_serial(void)
{
    strcpy(opt_console, "vga,com1");
    console_init();
    serial_size = 0;
    write_text("a\nb");
    CHECK(serial_size == 4 && !memcmp(serial, "a\r\nb", 4));
    strcpy(opt_console, "com12,vga");
    console_init();
    serial_size = 0;
    write_text("x");
    CHECK_EQ(serial_size, 0);
    strcpy(opt_console, "none");
    console_init();
}

static void type(const char *s)
{
    while (*s)
        console_receive(*s++);
}

static void test_input(void)
{
    type("ab\1\1c");
    CHECK(!strcmp(to_dom0, "ab\1\1c"));
    to_dom0[0] = '\0';
    type("\1\1\1h\1d\1\1\1x");
    CHECK(!strcmp(to_lodge, "h\1d"));
    CHECK(!strcmp(to_dom0, "x"));
}

static void test_vga(void)
{
    static uint16_t vga[80 * 25 + 1];

    vga[80 * 25] = 0x1234; /* must stay */
    screen_init(vga, NULL);
    strcpy(opt_console, "vga");
    console_init();
    write_text("first\nsecond");
    CHECK_EQ(vga[23 * 80] & 0xff, 'f');
    CHECK_EQ(vga[24 * 80], 0x0700 | 's');
    for (unsigned int i = 0; i < 200; i++)
        write_text("0123456789");
    CHECK_EQ(vga[0] & 0xff, '4'); /* 2006 characters, 80 a row */
    for (unsigned int i = 0; i < 25; i++)
        write_text("\n");
    CHECK_EQ(vga[24 * 80 - 1] & 0xff, ' ');
    CHECK_EQ(vga[80 * 25], 0x1234);
}

static void test_framebuffer(void)
{
    struct framebuffer fb = {
        .maddr = 1, .type = FB_RGB, .bpp = 24,
        .pitch = 83 * 3, .width = 83, .height = 50,
        .colour = { { 16, 8 }, { 8, 8 }, { 0, 8 } },
    };
    size_t size = screen_framebuffer_size(&fb);
    uint8_t *mem = calloc(1, size);
    unsigned int lit = 0;

    CHECK_EQ(size, 83 * 3 * 50);
    screen_init(mem, &fb);
    write_text("ABCDEFGHIJ");
    for (size_t i = 0; i < size; i++)
        lit += mem[i] != 0;
    CHECK(lit > 100);
    for (unsigned int y = 0; y < 32; y++) /* only the last row of three */
        for (unsigned int x = 0; x < fb.pitch; x++)
            lit -= mem[y * fb.pitch + x] != 0;
    CHECK(lit > 100);
    for (unsigned int i = 0; i < 100; i++)
        write_text("\r\t!~Z\n");
    strcpy(opt_console, "none");
    console_init();
    free(mem);

    fb.bpp = 8;
    CHECK_EQ(screen_framebuffer_size(&fb), 0);
    fb.bpp = 32;
    CHECK_EQ(screen_framebuffer_size(&fb), 0); /* the pitch is too small */
    fb.pitch = 83 * 4;
    fb.colour[0].pos = 30;
    CHECK_EQ(screen_framebuffer_size(&fb), 0);
}

/* Each printable character looks like no other. */
static void test_font(void)
{
    for (char a = ' '; a < '~'; a++)
        for (char b = (char)(a + 1); b <= '~'; b++) {
            bool same = true;

            for (unsigned int c = 0; c < FONT_COLUMNS; c++)
                same &= font_column(a, c) == font_column(b, c);
            CHECK(!same);
        }
    CHECK_EQ(font_column('\x7f', 0), 0);
    CHECK_EQ(font_column('\x80', 0), 0);
}

int main(void)
{
    test_ring();
    test_serial();
    test_input();
    test_vga();
    test_framebuffer();
    test_font();
    return test_result();
}
