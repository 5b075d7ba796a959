/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Consoles: where text goes (serial port, VGA text or framebuffer, debug
 * port 0xe9, the ring that `xl dmesg` reads) and where typed characters come
 * from. One lock, rank CONSOLE, orders the output of all CPUs.
 */
#pragma once

#include "hypervisor/lib/util.h"

#define CONSOLE_RING_SIZE KB(128) /* a power of two */

extern char opt_console[64];  /* console= as given; "": all that exist */

/* Picks where output goes of opt_console among what was found, and which lines
 * of the log. */
void console_init(void);

/*
 * Bytes for the consoles as they are, n together: what domain 0 writes to its
 * hvc0 (CONSOLEIO_write). Not for the ring: `xl dmesg` would print there what
 * it then reads.
 */
void console_write_raw(const char *s, size_t n);

/* printf to all consoles at once, up to 511 characters, without level; for
 * reports and panics. */
void console_printf(const char *fmt, ...) __printf(1, 2);

/*
 * From now on this CPU alone writes, whoever has the lock; the others are
 * stopped. True the first time: the caller's report is the one that counts.
 */
bool console_panic_begin(void);

/*
 * The ring: positions count all bytes ever written, modulo 2^32. Copies at
 * most n bytes from position *index on (or from the oldest that is left),
 * moves *index behind them, returns how many (sysctl readconsole).
 */
size_t console_ring_read(char *buf, size_t n, uint32_t *index);
/* Forgets everything before the position `upto`. */
void console_ring_clear(uint32_t upto);
/* Position of the next byte to be written. */
uint32_t console_ring_end(void);

/*
 * A character came in. CTRL-a three times moves the input between domain 0
 * and Lodge; upcalls.h gets the rest.
 */
void console_receive(char c);

/* ---- the 16550 serial port (uart.c): output polls ------------------------ */

extern char opt_com1[64]; /* <baud>[,<data><parity><stop>[,<io>[,<irq>]]] */

struct uart_config {
    uint32_t baud;   /* 0: leave what the firmware set ("auto") */
    uint8_t line;    /* line control register */
    uint32_t io;     /* first of its eight ports */
    uint32_t irq;    /* ISA interrupt; 0: none, so no input */
};

/* Parses com1='s value over the defaults 115200,8n1,0x3f8,4. -EINVAL. */
int uart_parse(const char *s, struct uart_config *c);

/* Finds and sets up the port of opt_com1; false when there is none. */
bool uart_init(void);
extern struct uart_config uart_port; /* all 0 when there is none */

/* One byte out, waiting at most a few milliseconds. Lock CONSOLE. */
void uart_put(char c);
/* Takes all that was received to console_receive(); for what comes later the
 * port interrupts. */
void uart_receive(void);
