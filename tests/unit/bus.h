/* SPDX-License-Identifier: GPL-2.0-only */
/* The bus as tests use it: reads and writes of ports and memory. */
#pragma once

#include "hvm/io/bus.h"

static inline enum bus_rc bus_port_read(struct bus *b, uint16_t port,
                                        unsigned int size, uint64_t *val)
{
    return bus_port_access(b, port, size, false, val);
}

static inline enum bus_rc bus_port_write(struct bus *b, uint16_t port,
                                         unsigned int size, uint64_t val)
{
    return bus_port_access(b, port, size, true, &val);
}

static inline enum bus_rc bus_mmio_read(struct bus *b, uint64_t gpa,
                                        unsigned int size, uint64_t *val)
{
    return bus_mmio_access(b, gpa, size, false, val);
}

static inline enum bus_rc bus_mmio_write(struct bus *b, uint64_t gpa,
                                         unsigned int size, uint64_t val)
{
    return bus_mmio_access(b, gpa, size, true, &val);
}
