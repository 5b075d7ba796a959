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

/* Device memory: one access of just this width. */
#define MMIO_ACCESS(bits)                                                   \
    static inline uint##bits##_t mmio_read##bits(const volatile void *p)    \
    {                                                                       \
        return *(const volatile uint##bits##_t *)p;                         \
    }                                                                       \
    static inline void mmio_write##bits(volatile void *p, uint##bits##_t v) \
    {                                                                       \
        *(volatile uint##bits##_t *)p = v;                                  \
    }
MMIO_ACCESS(8)
MMIO_ACCESS(16)
MMIO_ACCESS(32)
MMIO_ACCESS(64)
#undef MMIO_ACCESS

/* The same for 1, 2, 4 or 8 bytes. */
static inline uint64_t mmio_read(const volatile void *p, unsigned int size)
{
    return size == 1 ? mmio_read8(p) : size == 2 ? mmio_read16(p)
         : size == 4 ? mmio_read32(p) : mmio_read64(p);
}
static inline void mmio_write(volatile void *p, unsigned int size, uint64_t v)
{
    if (size == 1)
        mmio_write8(p, (uint8_t)v);
    else if (size == 2)
        mmio_write16(p, (uint16_t)v);
    else if (size == 4)
        mmio_write32(p, (uint32_t)v);
    else
        mmio_write64(p, v);
}
