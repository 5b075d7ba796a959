/* SPDX-License-Identifier: GPL-2.0-only */
/* Port input and output, and single accesses to device memory. */
#pragma once

#include <stdint.h>

/* outb() and inb(), outw() ... */
#define PORT_ACCESS(suffix, type)                                           \
    static inline void out##suffix(uint16_t port, type v)                   \
    {                                                                       \
        asm volatile("out" #suffix " %0, %1" : : "a"(v), "Nd"(port));       \
    }                                                                       \
    static inline type in##suffix(uint16_t port)                            \
    {                                                                       \
        type v;                                                             \
                                                                            \
        asm volatile("in" #suffix " %1, %0" : "=a"(v) : "Nd"(port));        \
        return v;                                                           \
    }
PORT_ACCESS(b, uint8_t)
PORT_ACCESS(w, uint16_t)
PORT_ACCESS(l, uint32_t)
#undef PORT_ACCESS

/* Device memory: one access of 1, 2, 4 or 8 bytes. */
static inline uint64_t mmio_read(const volatile void *p, unsigned int size)
{
    return size == 1 ? *(const volatile uint8_t *)p
         : size == 2 ? *(const volatile uint16_t *)p
         : size == 4 ? *(const volatile uint32_t *)p
                     : *(const volatile uint64_t *)p;
}
static inline void mmio_write(volatile void *p, unsigned int size, uint64_t v)
{
    if (size == 1)
        *(volatile uint8_t *)p = (uint8_t)v;
    else if (size == 2)
        *(volatile uint16_t *)p = (uint16_t)v;
    else if (size == 4)
        *(volatile uint32_t *)p = (uint32_t)v;
    else
        *(volatile uint64_t *)p = v;
}

static inline uint32_t mmio_read32(const volatile void *p)
{
    return (uint32_t)mmio_read(p, 4);
}
static inline void mmio_write32(volatile void *p, uint32_t v)
{
    mmio_write(p, 4, v);
}
