/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The always-on recorder: the last exits and injections of each vCPU. One
 * store of a 32-byte entry per exit; printed by a debug key and with the
 * crash message.
 */
#pragma once

#include "hvm/base/exit.h"
#include "hypervisor/cpu/msr.h"

#define RECORDER_ENTRIES 4096u

struct record {
    uint64_t tsc;
    uint64_t rip;
    uint64_t info;   /* port, MSR, gpa, vector... by kind */
    uint32_t code;   /* the vendor's exit code */
    uint8_t kind;    /* enum exit_kind, or RECORD_INJECT */
    uint8_t pad[3];
};
_Static_assert(sizeof(struct record) == 32, "two to a cache line");

#define RECORD_INJECT 0xff

struct recorder {
    uint32_t next;   /* entries written so far */
    struct record entry[RECORDER_ENTRIES];
};

/* An exit (info as hvm/exit.c chooses by kind), or an injection (the vector),
 * at rip. */
static inline void recorder_add(struct recorder *r, uint8_t kind, uint64_t code,
                                uint64_t rip, uint64_t info)
{
    r->entry[r->next++ % RECORDER_ENTRIES] = (struct record){
        .tsc = rdtsc(), .rip = rip, .info = info, .code = (uint32_t)code,
        .kind = kind };
}

/* What exit kinds are called. */
extern const char *const exit_names[EXIT_KINDS];
/* Prints the last n entries of v, oldest first. */
void recorder_print(struct vcpu *v, unsigned int n);
