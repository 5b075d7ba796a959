/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One event that the CPU delivers to the guest with the next entry, in the
 * form that VMX and SVM share (SDM vol. 3C 25.8.3, APM vol. 2 15.20).
 */
#pragma once

#include "hypervisor/lib/util.h"

enum hvm_event_type {
    EVENT_INTR = 0,
    EVENT_NMI = 2,
    EVENT_EXCEPTION = 3, /* hardware exception */
    EVENT_SOFT_INT = 4,  /* INT n */
    EVENT_PRIV_SOFT = 5, /* ICEBP */
    EVENT_SOFT_EXC = 6,  /* INT3, INTO */
};

/* The word that either CPU has of an event: vector, type and these bits. */
#define EVENT_TYPE_SHIFT 8
#define EVENT_HAS_ERROR BIT(11)
#define EVENT_VALID BIT(31)

struct hvm_event {
    bool valid;
    uint8_t type;      /* enum hvm_event_type */
    uint8_t vector;
    uint8_t insn_len;  /* of a software event: RIP to return to is past it */
    bool has_error;
    uint32_t error;
    uint64_t cr2;      /* of #PF */
};

/* What such a word says; error: of the field next to it. */
static inline struct hvm_event event_of(uint64_t word, uint64_t error,
                                        uint64_t cr2)
{
    bool has_error = word & EVENT_HAS_ERROR;

    return (struct hvm_event){
        .valid = true, .type = word >> EVENT_TYPE_SHIFT & 7,
        .vector = (uint8_t)word, .has_error = has_error,
        .error = has_error ? (uint32_t)error : 0, .cr2 = cr2 };
}

/* Exceptions. */
enum {
    VEC_DE, VEC_DB, VEC_NMI, VEC_BP, VEC_OF, VEC_UD = 6, VEC_NM, VEC_DF,
    VEC_TS = 10, VEC_NP, VEC_SS, VEC_GP, VEC_PF, VEC_AC = 17, VEC_MC
};

/* Those that push an error code. */
#define VECS_WITH_ERROR (BIT(VEC_DF) | BIT(VEC_TS) | BIT(VEC_NP) |          \
                         BIT(VEC_SS) | BIT(VEC_GP) | BIT(VEC_PF) | BIT(VEC_AC))
