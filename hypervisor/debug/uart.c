/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Driver of one 16550A (National Semiconductor PC16550D data sheet).
 * A port that stays busy is waited for once; then output is dropped until it
 * is ready again, so a dead line cannot stop the machine.
 */
#include "hypervisor/debug/console.h"

#include "hypervisor/abi/errno.h"
#include "hypervisor/cpu/atomic.h"
#include "hypervisor/cpu/io.h"
#include "hypervisor/lib/format.h"
#include "hypervisor/lib/string.h"

/* While DLAB is set the first two are the divisor. */
enum { REG_DATA, REG_IER, REG_FCR, REG_LCR, REG_MCR, REG_LSR, REG_SCRATCH = 7 };

#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define LSR_READY 0x01
#define LSR_EMPTY 0x20
#define MCR_DTR_RTS_OUT2 0x0b
#define FCR_ON 0x07 /* on, both FIFOs cleared */
#define IER_RECEIVE 0x01
#define BAUD_BASE 115200
#define WAIT_SPINS 2000000 /* about two seconds */

char opt_com1[64] = "";

struct uart_config uart_port;
static bool stuck;

/* "8n1": data bits, parity n o e m s, stop bits. */
static const char *parse_line(const char *s, uint8_t *line)
{
    static const char parities[] = "noems";
    static const uint8_t bits[] = { 0x00, 0x08, 0x18, 0x28, 0x38 };

    if (s[0] < '5' || s[0] > '8' || !s[1])
        return NULL;
    const char *parity = strchr(parities, s[1]);
    if (!parity || (s[2] != '1' && s[2] != '2'))
        return NULL;
    *line = (uint8_t)((s[0] - '5') | bits[parity - parities] |
                      (s[2] == '2' ? 0x04 : 0));
    return s + 3;
}

/* Over the comma in front of a field; false if that is empty. */
static bool next_field(const char **s)
{
    return **s == ',' && *++*s && **s != ',';
}

int uart_parse(const char *s, struct uart_config *c)
{
    uint32_t clock;

    *c = (struct uart_config){ BAUD_BASE, LCR_8N1, 0x3f8, 4 };
    if (!strncmp(s, "auto", 4)) {
        c->baud = 0;
        s += 4;
    } else if (*s && *s != ',') {
        s = parse_number(s, &c->baud);
        if (c->baud == 0 || c->baud > BAUD_BASE)
            return -EINVAL;
    }
    if (*s == '/') /* clock, in Hz: the port's own is assumed */
        s = parse_number(s + 1, &clock);
    if (next_field(&s)) {
        s = parse_line(s, &c->line);
        if (!s)
            return -EINVAL;
    }
    if (next_field(&s))
        s = parse_number(s, &c->io);
    if (next_field(&s))
        s = parse_number(s, &c->irq);
    if (*s || c->io == 0 || c->io > 0xfff8 || c->irq > 15)
        return -EINVAL;
    return 0;
}

static uint8_t reg_read(unsigned int reg)
{
    return inb((uint16_t)(uart_port.io + reg));
}

static void reg_write(unsigned int reg, uint8_t v)
{
    outb((uint16_t)(uart_port.io + reg), v);
}

bool uart_init(void)
{
    if (uart_parse(opt_com1, &uart_port))
        uart_parse("", &uart_port);
    reg_write(REG_SCRATCH, 0x5a);
    if (reg_read(REG_SCRATCH) != 0x5a || reg_read(REG_LSR) == 0xff) {
        uart_port = (struct uart_config){ 0 };
        return false;
    }
    reg_write(REG_IER, 0);
    if (uart_port.baud) {
        uint32_t divisor = BAUD_BASE / uart_port.baud;

        reg_write(REG_LCR, uart_port.line | LCR_DLAB);
        reg_write(REG_DATA, (uint8_t)divisor);
        reg_write(REG_IER, (uint8_t)(divisor >> 8));
        reg_write(REG_LCR, uart_port.line);
    }
    reg_write(REG_FCR, FCR_ON);
    reg_write(REG_MCR, MCR_DTR_RTS_OUT2);
    return true;
}

void uart_put(char c)
{
    unsigned int spins = stuck ? 1 : WAIT_SPINS;

    while (!(reg_read(REG_LSR) & LSR_EMPTY)) {
        if (!--spins) {
            stuck = true;
            return;
        }
        cpu_relax();
    }
    stuck = false;
    reg_write(REG_DATA, (uint8_t)c);
}

void uart_receive(void)
{
    reg_write(REG_IER, IER_RECEIVE);
    /* The port interrupts again for what comes in faster than this. */
    for (unsigned int n = 0; n < 256 && (reg_read(REG_LSR) & LSR_READY); n++)
        console_receive((char)reg_read(REG_DATA));
}
