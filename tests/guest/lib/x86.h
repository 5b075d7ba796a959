/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processor as test kernels see it: numbers from the manuals and one
 * inline function per instruction. Compiles for 32 and 64 bits. Nothing here
 * expects a fault; trap.h has TRY() for that.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE 4096ul
#define BIT(n) (1ull << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define __aligned(n) __attribute__((aligned(n)))
#define __packed __attribute__((packed))
#define barrier() asm volatile("" : : : "memory")
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

#define CR0_PE BIT(0)
#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_NW BIT(29)
#define CR0_CD BIT(30)
#define CR0_PG BIT(31)

#define CR4_VME BIT(0)
#define CR4_PVI BIT(1)
#define CR4_TSD BIT(2)
#define CR4_DE BIT(3)
#define CR4_PSE BIT(4)
#define CR4_PAE BIT(5)
#define CR4_MCE BIT(6)
#define CR4_PGE BIT(7)
#define CR4_PCE BIT(8)
#define CR4_OSFXSR BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP BIT(11)
#define CR4_LA57 BIT(12)
#define CR4_VMXE BIT(13)
#define CR4_FSGSBASE BIT(16)
#define CR4_PCIDE BIT(17)
#define CR4_OSXSAVE BIT(18)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)
#define CR4_PKE BIT(22)

#define EFLAGS_CF BIT(0)
#define EFLAGS_TF BIT(8)
#define EFLAGS_IF BIT(9)
#define EFLAGS_IOPL (3ul << 12)
#define EFLAGS_NT BIT(14)
#define EFLAGS_RF BIT(16)
#define EFLAGS_VM BIT(17)
#define EFLAGS_AC BIT(18)
#define EFLAGS_ID BIT(21)

#define EFER_SCE BIT(0)
#define EFER_LME BIT(8)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)
#define EFER_SVME BIT(12)

#define MSR_TSC 0x10
#define MSR_APIC_BASE 0x1b
#define MSR_TSC_ADJUST 0x3b
#define MSR_MTRRCAP 0xfe
#define MSR_SYSENTER_CS 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_MISC_ENABLE 0x1a0
#define MSR_PAT 0x277
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC 0x800
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_SFMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX 0xc0000103

enum {
    VEC_DE, VEC_DB, VEC_NMI, VEC_BP, VEC_OF, VEC_BR, VEC_UD, VEC_NM, VEC_DF,
    VEC_TS = 10, VEC_NP, VEC_SS, VEC_GP, VEC_PF, VEC_MF = 16, VEC_AC, VEC_MC,
    VEC_XM,
};

#define PFEC_PRESENT 1u
#define PFEC_WRITE 2u
#define PFEC_USER 4u
#define PFEC_RSVD 8u
#define PFEC_FETCH 16u

/* Entries of every page table. */
#define PTE_P BIT(0)
#define PTE_W BIT(1)
#define PTE_U BIT(2)
#define PTE_A BIT(5)
#define PTE_D BIT(6)
#define PTE_PS BIT(7)
#define PTE_G BIT(8)
#define PTE_NX BIT(63)

struct cpuid {
    uint32_t a, b, c, d;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;

    asm volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
                 : "a"(leaf), "c"(subleaf));
    return r;
}

#define CR_ACCESSORS(n)                                                     \
    static inline unsigned long read_cr##n(void)                            \
    {                                                                       \
        unsigned long v;                                                    \
        asm volatile("mov %%cr" #n ", %0" : "=r"(v));                       \
        return v;                                                           \
    }                                                                       \
    static inline void write_cr##n(unsigned long v)                         \
    {                                                                       \
        asm volatile("mov %0, %%cr" #n : : "r"(v) : "memory");              \
    }
CR_ACCESSORS(0)
CR_ACCESSORS(2)
CR_ACCESSORS(3)
CR_ACCESSORS(4)
#ifdef __x86_64__
CR_ACCESSORS(8)
#endif

static inline uint64_t rdmsr(uint32_t index)
{
    uint32_t lo, hi;

    asm volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(index));
    return lo | (uint64_t)hi << 32;
}

static inline void wrmsr(uint32_t index, uint64_t v)
{
    asm volatile("wrmsr" : : "c"(index), "a"((uint32_t)v),
                 "d"((uint32_t)(v >> 32)) : "memory");
}

static inline uint64_t rdtsc(void)
{
    uint32_t lo, hi;

    asm volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
    return lo | (uint64_t)hi << 32;
}

#define PORT_ACCESSORS(suffix, letter, type)                                \
    static inline type in##letter(uint16_t port)                            \
    {                                                                       \
        type v;                                                             \
        asm volatile("in" #letter " %1, %0" : "=a"(v) : "Nd"(port));        \
        return v;                                                           \
    }                                                                       \
    static inline void out##letter(uint16_t port, type v)                   \
    {                                                                       \
        asm volatile("out" #letter " %0, %1" : : "a"(v), "Nd"(port));       \
    }
PORT_ACCESSORS(8, b, uint8_t)
PORT_ACCESSORS(16, w, uint16_t)
PORT_ACCESSORS(32, l, uint32_t)

static inline unsigned long read_flags(void)
{
    unsigned long v;

    asm volatile("pushf; pop %0" : "=rm"(v));
    return v;
}

static inline void write_flags(unsigned long v)
{
    asm volatile("push %0; popf" : : "rm"(v) : "memory", "cc");
}

static inline void cli(void)
{
    asm volatile("cli" : : : "memory");
}

/* Interrupts are taken after the NOP: the shadow of STI is over then. */
static inline void sti(void)
{
    asm volatile("sti; nop" : : : "memory");
}

static inline void cpu_pause(void)
{
    asm volatile("pause" : : : "memory");
}

/* Waits with interrupts on, and has them off again afterwards. */
static inline void sti_hlt_cli(void)
{
    asm volatile("sti; hlt; cli" : : : "memory");
}

static inline void invlpg(const volatile void *p)
{
    asm volatile("invlpg %0" : : "m"(*(const volatile char *)p) : "memory");
}

struct desc_ptr {
    uint16_t limit;
    unsigned long base;
} __packed;

static inline void lidt(const struct desc_ptr *p)
{
    asm volatile("lidt %0" : : "m"(*p) : "memory");
}

static inline void lgdt(const struct desc_ptr *p)
{
    asm volatile("lgdt %0" : : "m"(*p) : "memory");
}

static inline void sidt(struct desc_ptr *p)
{
    asm volatile("sidt %0" : "=m"(*p));
}

static inline void sgdt(struct desc_ptr *p)
{
    asm volatile("sgdt %0" : "=m"(*p));
}

/* Index into any memory, by a type that the compiler does not reason about. */
static inline uint32_t mmio_read(uint64_t at)
{
    uint32_t v;

    asm volatile("mov %1, %0" : "=r"(v)
                 : "m"(*(volatile uint32_t *)(uintptr_t)at) : "memory");
    return v;
}

static inline void mmio_write(uint64_t at, uint32_t v)
{
    asm volatile("mov %1, %0" : "=m"(*(volatile uint32_t *)(uintptr_t)at)
                 : "r"(v) : "memory");
}
