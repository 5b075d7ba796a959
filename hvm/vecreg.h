/* SPDX-License-Identifier: GPL-2.0-only */
/* The vector registers of the current vCPU; see vecreg.c. */
#pragma once

#include "hvm/base/hvm.h"

enum vecreg_access {
    VECREG_GET,
    VECREG_PUT,           /* what is above n stays */
    VECREG_PUT_ZERO_REST, /* and is cleared */
};

/* The low n bytes (at most 32) of register r (0-15) of v, the current vCPU.
 * False: this machine has no such width. */
bool vecreg_access(struct vcpu *v, unsigned int r, void *buf, unsigned int n,
                   enum vecreg_access how);
