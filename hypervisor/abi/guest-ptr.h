/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest handles: pointers into a guest's linear address space.
 *
 * A handle knows the type it points to but cannot be dereferenced, cast to a
 * pointer or assigned to a handle of another type. The type lives in an array
 * of no elements, so the handle is one ABI word: 8 bytes, or 4 in the layouts
 * of 32-bit guests (compat.h). Only hvm/mem/guest-copy.c follows one.
 *
 * A handle that the ABI declares const has the same type here; the operation
 * that uses it knows that it only reads.
 */
#pragma once

#include <stdint.h>

/* Defines name_gptr_t, a handle to (an array of) T. */
#define DEFINE_GUEST_PTR(name, T)                                       \
    typedef struct {                                                    \
        uint64_t addr;                                                  \
        T (*type_[0])(void);                                            \
    } name##_gptr_t;                                                    \
    _Static_assert(sizeof(name##_gptr_t) == 8, "a handle is one word")

/* Defines name_cptr_t, the same handle as a 32-bit guest lays it out. */
#define DEFINE_COMPAT_PTR(name, T)                                      \
    typedef struct {                                                    \
        uint32_t addr;                                                  \
        T (*type_[0])(void);                                            \
    } __attribute__((packed, aligned(4))) name##_cptr_t;                \
    _Static_assert(sizeof(name##_cptr_t) == 4, "a handle is one word")

/* The type a handle points to. */
#define guest_ptr_type(p) __typeof__((p).type_[0]())

#define guest_ptr_is_null(p) ((p).addr == 0)

/* A handle of the named type with this guest linear address. */
#define guest_ptr_make(name, address) ((name##_gptr_t){ .addr = (address) })

DEFINE_GUEST_PTR(void, void);
DEFINE_GUEST_PTR(char, char);
DEFINE_GUEST_PTR(int, int);
DEFINE_GUEST_PTR(uint8, uint8_t);
DEFINE_GUEST_PTR(uint32, uint32_t);

DEFINE_COMPAT_PTR(void, void);
DEFINE_COMPAT_PTR(int, int);
