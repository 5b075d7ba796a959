/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector registers of the current vCPU; see vecreg.c. */
#ifndef HVM_VECREG_H
#define HVM_VECREG_H

#include <stdbool.h>

/* The low n bytes (at most 32) of register r (0-15). False: no such width
 * on this machine. The guest's XCR0 must have the state enabled. */
bool vecreg_get(unsigned int r, void *buf, unsigned int n);
/* zero_rest: what is above n is cleared, else kept. */
bool vecreg_put(unsigned int r, const void *buf, unsigned int n,
                bool zero_rest);

#endif
