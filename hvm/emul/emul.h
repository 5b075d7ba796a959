/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The instruction decoder, and the emulator: executes one guest instruction on
 * the caller's behalf.
 *
 * What it is for: instructions whose memory operand is a device (found by a
 * nested page fault) and string port I/O. Everything else runs natively, real
 * mode too, so the emulator never needs to know time, interrupts or paging: it
 * reaches the outside through struct emul_ops only, has no globals, and runs
 * unchanged in host tests.
 *
 * Rules it keeps: an instruction it does not implement is EMUL_UNHANDLEABLE,
 * never an approximation. When an instruction faults, registers, flags and RIP
 * are as before it (repeated string instructions: as after the last whole
 * iteration). Work per call is bounded; long repeats return EMUL_RETRY with
 * their progress in the registers.
 *
 * Typical use:
 *     struct emul_ctx c;                         // no need to clear it
 *     c.ops = ..., c.gpr = ..., the rest of "in" below;
 *     rc = emul_mmio(&c);           // or emul_string_io()
 *     EMUL_OK, EMUL_RETRY:  store c.rip, c.rflags; c.step says more
 *     EMUL_FAULT:           inject c.fault; c.rip as before
 */
#pragma once

#include "hvm/base/regs.h"

/* ---- the decoder: bytes in, struct insn out ------------------------------ */

/*
 * Pure: it looks at nothing but the bytes and the code size, so the same call
 * gives lengths for exits without a next RIP, and the first half of an
 * emulation. It knows what the tables of opcodes.c list and nothing else. It
 * must never read past the bytes it was given.
 *
 * Sources: SDM vol. 2A chapter 2 "Instruction Format", vol. 2D appendix A
 * "Opcode Map"; APM vol. 3 chapter 1 and appendix A.
 */
#define INSN_MAX_BYTES 15

/* Bits of struct insn's rex. */
#define REX_W 8u
#define REX_R 4u
#define REX_X 2u
#define REX_B 1u

/* In place of a register's number. */
#define INSN_NO_REG 0xff

/* The opcode maps. */
enum insn_map { INSN_MAP_1BYTE, INSN_MAP_0F, INSN_MAP_0F38 };

struct opcode;

/* One decoded instruction. Register numbers include the REX/VEX extension. */
struct insn {
    const struct opcode *op;    /* table entry, never NULL after INSN_OK */
    uint64_t imm;       /* immediate, sign-extended */
    uint64_t disp;      /* displacement, sign-extended; or a 64-bit offset */
    union {
        struct {
            uint32_t flags;     /* of the entry and the tables above it */
            uint8_t len;        /* bytes in all */
            uint8_t mode;       /* code size: 2, 4 or 8 bytes */
            uint8_t map;        /* enum insn_map */
            uint8_t opcode;
            uint8_t op_bytes;   /* operand size: 1, 2, 4, 8 */
            uint8_t ad_bytes;   /* address size: 2, 4, 8 */

            uint8_t rex;        /* REX or the same bits out of VEX; 0: none */
            uint8_t rep;        /* last of F2, F3, or 0 */
            bool lock;          /* F0 */
            bool opsize;        /* 66 */
            bool has_mem;       /* ModRM or offset names a memory operand */
            bool rip_rel;       /* its address is relative to the next RIP */

            uint8_t modrm;
            uint8_t reg, rm;    /* ModRM.reg and .rm as register numbers */
            uint8_t base;       /* of the memory operand; or INSN_NO_REG */
            uint8_t index;
            uint8_t scale;      /* shift count, 0 to 3 */
            uint8_t seg;        /* enum hvm_seg to SEG_GS, overrides applied */

            bool vex;
            uint8_t vvvv;       /* VEX: the third register */
            uint8_t vlen;       /* vector bytes: 16; VEX: also 32 */
        };
        uint64_t words[4];      /* to clear them at once */
    };
};

enum insn_status {
    INSN_OK,
    INSN_MORE,          /* the bytes end inside the instruction */
    INSN_TOO_LONG,      /* over 15 bytes: #GP(0) */
    INSN_UNDEFINED,     /* no such instruction in this mode, or unknown */
};

/*
 * Decodes the instruction that starts at bytes[0], of which n bytes (at most 15
 * are used) are there. mode is the code size in bytes: 2 and 4 by CS.D, 8 for
 * CS.L. On INSN_OK *i is complete; else only len, the bytes looked at, is.
 */
enum insn_status insn_decode(struct insn *i, const uint8_t *bytes,
                             unsigned int n, unsigned int mode);

/*
 * Length in bytes of the instruction at bytes[0] if it is the one whose form
 * without prefixes is plain[0] to plain[len - 1]: one byte, or 0F and one or
 * two bytes. 0 if it is something else or does not end within the n bytes.
 */
unsigned int insn_length_of(const uint8_t *bytes, unsigned int n,
                            unsigned int mode, const uint8_t *plain,
                            unsigned int len);

/* ---- the emulator -------------------------------------------------------- */

enum emul_rc {
    EMUL_OK,            /* done; rip is at the next instruction */
    EMUL_FAULT,         /* an exception is in ctx->fault */
    EMUL_RETRY,         /* run the guest again at ctx->rip: part of a repeat is
                           done, or the instruction changed under us */
    EMUL_UNHANDLEABLE,  /* not implemented here; nothing was changed */
};

struct emul_fault {
    uint8_t vector;
    uint32_t error;
    uint64_t cr2;       /* #PF only */
};

/* XCR0's number for read_cr; CR0 and CR4 are their own numbers. */
#define EMUL_XCR0 16u

enum emul_rep_kind {
    EMUL_REP_NONE, EMUL_REP_INS, EMUL_REP_OUTS, EMUL_REP_MOVS, EMUL_REP_STOS
};

/*
 * A run of elements of a repeated string instruction. All its memory lies in
 * one page per side; the first element is at src/dst, the following ones bytes
 * further up, or further down if df.
 */
struct emul_rep {
    uint8_t kind;       /* enum emul_rep_kind */
    uint8_t bytes;      /* of an element: 1, 2, 4, 8 */
    bool df;
    uint16_t port;      /* INS, OUTS */
    uint64_t src;       /* linear, OUTS and MOVS */
    uint64_t dst;       /* linear, INS, MOVS and STOS */
    uint64_t value;     /* STOS */
    unsigned int count; /* of elements, 1 to 4096 */
};

struct emul_ctx;

/*
 * The outside. Addresses are linear; segmentation, canonical form and #AC have
 * been checked. Every function returns EMUL_OK, or EMUL_FAULT after
 * emul_raise() or emul_page_fault(), or EMUL_RETRY or EMUL_UNHANDLEABLE if
 * nothing was done. A function may sleep.
 */
struct emul_ops {
    /*
     * Instruction bytes at la: *n is the room in buf (1 to 15); set to the
     * number read, at least 1, without leaving la's page.
     */
    enum emul_rc (*fetch)(struct emul_ctx *c, uint64_t la, void *buf,
                          unsigned int *n);
    /*
     * Data, n bytes (1 to 32), possibly across a page boundary: then both pages
     * are checked before anything is read or written. rmw: the read half of a
     * read-modify-write: page rights are those of a write.
     */
    enum emul_rc (*read)(struct emul_ctx *c, uint64_t la, void *buf,
                         unsigned int n, bool rmw);
    enum emul_rc (*write)(struct emul_ctx *c, uint64_t la, const void *buf,
                          unsigned int n);
    /*
     * The write half of a locked read-modify-write, n = 1, 2, 4, 8 or 16:
     * stores new if memory still equals old, atomically where it is RAM
     * (EMUL_RETRY if it does not). For a device, a plain write.
     */
    enum emul_rc (*cmpxchg)(struct emul_ctx *c, uint64_t la, const void *old,
                            const void *new, unsigned int n);
    /* Tells whether n bytes may be written at la, without touching them. */
    enum emul_rc (*check_write)(struct emul_ctx *c, uint64_t la,
                                unsigned int n);
    /*
     * Segment register s. The object lives until the instruction ends. In
     * 64-bit code only FS and GS are asked for.
     */
    const struct segment *(*seg)(struct emul_ctx *c, enum hvm_seg s);
    /*
     * Does a run in one go, all of it or nothing. EMUL_UNHANDLEABLE: element
     * by element through the functions above.
     */
    enum emul_rc (*rep)(struct emul_ctx *c, const struct emul_rep *r);
    /* One port access of 1, 2 or 4 bytes; in: *val is zero-extended. */
    enum emul_rc (*pio)(struct emul_ctx *c, uint16_t port, unsigned int bytes,
                        bool in, uint64_t *val);
    /*
     * The low n bytes (16, 32) of vector register r. put_vec leaves the rest
     * of the register alone, or clears it all (zero_rest; up to the widest
     * register the machine has).
     */
    enum emul_rc (*get_vec)(struct emul_ctx *c, unsigned int r, void *buf,
                            unsigned int n);
    enum emul_rc (*put_vec)(struct emul_ctx *c, unsigned int r,
                            const void *buf, unsigned int n, bool zero_rest);
    /* CR0, CR4 or EMUL_XCR0. */
    uint64_t (*read_cr)(struct emul_ctx *c, unsigned int cr);
};

/* Operand values while an instruction executes; the handlers' business. */
struct emul_operand {
    uint8_t bytes;
    uint8_t reg;        /* of one in a register */
    uint64_t val;
};

struct emul_ctx {
    /* in: set by the caller */
    const struct emul_ops *ops;
    void *opaque;       /* the caller's, never looked at */
    uint64_t *gpr;      /* sixteen, in encoding order; updated in place, only
                           by an instruction that completes (or progresses) */
    uint64_t rip;       /* in and out */
    uint64_t rflags;    /* in and out */
    uint8_t mode;       /* code size: 2, 4, or 8 for 64-bit code */
    uint8_t cpl;
    bool real;          /* real or virtual-8086 mode: segments are bases */
    bool align_check;   /* CR0.AM */
    bool walk;          /* emul_mmio(): the exit was of the walk of the guest's
                           page tables, not of the instruction's operand */
    uint8_t nbytes;     /* valid in bytes[]; 0: all are fetched */
    uint8_t bytes[INSN_MAX_BYTES + 1];

    /* out */
    bool step;          /* RFLAGS.TF was set: #DB (DR6.BS) is due, also with
                           EMUL_RETRY (one element of a repeat) */
    struct emul_fault fault;

    /* in between: the emulator's own; ops functions ask emul_one_place(), as
       emul_mmio() fills only part of it */
    struct insn insn;
    uint64_t ea;        /* offset of the ModRM memory operand */
    uint64_t next_rip;
    uint64_t new_flags;
    uint64_t old;       /* dst before the handler */
    struct emul_operand dst, src;
    bool wb_src;        /* src is a second result, in a register */
};

/*
 * Executes the instruction at ctx->rip, fetching bytes through ops->fetch where
 * bytes[] does not hold enough. The guest can change its code between the exit
 * and the fetch: port instructions, for which the CPU would have checked other
 * rights, are EMUL_UNHANDLEABLE, and so is all that is not in the tables. An
 * instruction without memory operand is EMUL_RETRY unless ctx->walk.
 */
enum emul_rc emul_mmio(struct emul_ctx *c);

struct exit_port;   /* hvm/base/exit.h */

/*
 * Executes an intercepted INS or OUTS. EMUL_RETRY if the instruction found is
 * not the one that exited, as *io has it, or when part of the repeat is done.
 */
enum emul_rc emul_string_io(struct emul_ctx *c, const struct exit_port *io);

/*
 * True if the decoded instruction accesses data at one place only, so that the
 * address of the exit belongs to the one linear address that ops->read or
 * ops->write sees (once their page offsets agree) and no walk of the guest's
 * tables is needed.
 */
bool emul_one_place(const struct emul_ctx *c);

/* For ops functions: record an exception; both return EMUL_FAULT. */
enum emul_rc emul_raise(struct emul_ctx *c, unsigned int vector,
                        uint32_t error);
enum emul_rc emul_page_fault(struct emul_ctx *c, uint64_t la, uint32_t error);
