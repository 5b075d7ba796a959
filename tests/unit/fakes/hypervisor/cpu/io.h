/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host test fake: port accesses go to two functions that the test sets
 * (fakes.h: fake_port_in, fake_port_out); without them reads give ones.
 * Accesses to device memory stay plain loads and stores.
 */
#pragma once

#define outb real_outb
#define outw real_outw
#define outl real_outl
#define inb real_inb
#define inw real_inw
#define inl real_inl
#include "../../../../../hypervisor/cpu/io.h"
#undef outb
#undef outw
#undef outl
#undef inb
#undef inw
#undef inl

extern uint32_t (*fake_port_in)(uint16_t port, unsigned int bytes);
extern void (*fake_port_out)(uint16_t port, unsigned int bytes, uint32_t v);

static inline void fake_out(uint16_t port, unsigned int bytes, uint32_t v)
{
    if (fake_port_out)
        fake_port_out(port, bytes, v);
}

static inline uint32_t fake_in(uint16_t port, unsigned int bytes)
{
    return fake_port_in ? fake_port_in(port, bytes) : ~0u;
}

static inline void outb(uint16_t port, uint8_t v) { fake_out(port, 1, v); }
static inline void outw(uint16_t port, uint16_t v) { fake_out(port, 2, v); }
static inline void outl(uint16_t port, uint32_t v) { fake_out(port, 4, v); }
static inline uint8_t inb(uint16_t port) { return (uint8_t)fake_in(port, 1); }
static inline uint16_t inw(uint16_t port) { return (uint16_t)fake_in(port, 2); }
static inline uint32_t inl(uint16_t port) { return fake_in(port, 4); }
