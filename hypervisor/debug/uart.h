/* SPDX-License-Identifier: GPL-2.0-only */
/* The 16550 serial port of the console (com1=). Output polls. */
#pragma once

#include "hypervisor/lib/util.h"

extern char opt_com1[64]; /* <baud>[,<data><parity><stop>[,<io>[,<irq>]]] */

struct uart_config {
    uint32_t baud;   /* 0: leave what the firmware set ("auto") */
    uint8_t line;    /* line control register */
    uint16_t io;     /* first of its eight ports */
    uint8_t irq;     /* ISA interrupt; 0: poll */
};

/* Parses com1='s value over the defaults 115200,8n1,0x3f8,4. -EINVAL. */
int uart_parse(const char *s, struct uart_config *c);

/* Finds and sets up the port of opt_com1; false when there is none. */
bool uart_init(void);
extern struct uart_config uart_port; /* all 0 when there is none */

/* One byte out, waiting at most a few milliseconds. Lock CONSOLE. */
void uart_put(char c);
/* Lets the port interrupt on received data; takes what came before. */
void uart_enable_receive_irq(void);
/* Takes all that was received to console_receive(); from the interrupt or a
 * timer of about 20 ms. */
void uart_poll(void);
