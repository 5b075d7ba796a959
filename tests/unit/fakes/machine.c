/* SPDX-License-Identifier: GPL-2.0-only */
/* The fake machine: see machine.h. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "hypervisor/mm/pt-entry.h"
#include "tests/unit/fakes/fakes.h"
#include "tests/unit/fakes/machine.h"

#define AREAS_START DIRECT_BASE
#define AREAS_END (DEVICE_BASE + LAYOUT_AREA_SIZE)

#define TLB_MAX 40000 /* the host limits a program to 65530 mappings */

FAKE uint64_t host_pml4[512] __aligned(4096);

static uint64_t ram_size;
static char *ram;
static int ram_file;

/* The entries, in no order, and for each page of an area where its entry is
 * (1 + index), hashed with linear probing. */
#define TLB_HASH (1u << 17)
static struct { uint64_t va, maddr; } tlb[TLB_MAX];
static unsigned int tlb_size;
static uint32_t tlb_slot[TLB_HASH];
static uint16_t *frame_entries; /* TLB entries of each frame */

bool machine_running(void)
{
    return ram;
}

void *machine_memory(uint64_t maddr)
{
    return maddr < ram_size ? ram + maddr : (void *)maddr;
}

unsigned int machine_tlb_size(void)
{
    return tlb_size;
}

unsigned int machine_tlb_of(mfn_t m)
{
    return frame_entries[m.raw];
}

/* The slot of va's entry, or the empty one where it would go. */
static uint32_t *slot_of(uint64_t va)
{
    uint32_t h = (uint32_t)((va >> PAGE_SHIFT) * 0x9e3779b97f4a7c15ull >> 47);

    while (tlb_slot[h] && tlb[tlb_slot[h] - 1].va != va)
        h = (h + 1) % TLB_HASH;
    return &tlb_slot[h];
}

/* Empties a slot and moves up what was pushed behind it. */
static void slot_clear(uint32_t *slot)
{
    uint32_t h = (uint32_t)(slot - tlb_slot), i;

    *slot = 0;
    for (h = (h + 1) % TLB_HASH; (i = tlb_slot[h]) != 0; h = (h + 1) % TLB_HASH) {
        tlb_slot[h] = 0;
        *slot_of(tlb[i - 1].va) = i;
    }
}

static void tlb_drop(uint32_t *slot)
{
    uint32_t i = *slot - 1;

    munmap((void *)tlb[i].va, PAGE_SIZE);
    frame_entries[tlb[i].maddr >> PAGE_SHIFT]--;
    slot_clear(slot);
    if (i != --tlb_size) {
        uint32_t *last = slot_of(tlb[tlb_size].va);

        tlb[i] = tlb[tlb_size];
        *last = i + 1;
    }
}

void machine_flush(const void *start, uint64_t size)
{
    uint64_t va = ALIGN_DOWN((uintptr_t)start, PAGE_SIZE);
    uint64_t end = (uintptr_t)start + size;

    if (end - va <= 16 * PAGE_SIZE) {
        for (; va < end; va += PAGE_SIZE)
            if (*slot_of(va))
                tlb_drop(slot_of(va));
        return;
    }
    for (unsigned int i = 0; i < tlb_size; )
        if (tlb[i].va >= va && tlb[i].va < end)
            tlb_drop(slot_of(tlb[i].va));
        else
            i++;
}

uint64_t machine_translate(uint64_t va, unsigned int *level)
{
    uint64_t *table = host_pml4, entry;

    for (*level = 4; ; --*level) {
        entry = table[va >> (12 + 9 * (*level - 1)) & 511];
        if (!(entry & PTE_P))
            return 0;
        if (*level == 1 || entry & PTE_PS)
            return entry;
        table = machine_memory(entry & PTE_ADDR);
    }
}

uint64_t *pt_entry(unsigned int level, uint64_t va)
{
    uint64_t *table = host_pml4, *entry;

    for (unsigned int l = 4; ; l--) {
        entry = &table[va >> (12 + 9 * (l - 1)) & 511];
        if (l == level)
            return entry;
        if (!(*entry & PTE_P) || *entry & PTE_PS) {
            fprintf(stderr, "no page table of level %u for %#lx\n", l - 1, va);
            abort();
        }
        table = machine_memory(*entry & PTE_ADDR);
    }
}

/* Maps the page at va as the tables say; false: a page fault. */
static bool tlb_fill(uint64_t va, bool write)
{
    unsigned int level;
    uint64_t entry = machine_translate(va, &level);
    uint64_t maddr = (entry & PTE_ADDR) +
                     (level == 2 ? va & (LARGE_SIZE - 1) & PAGE_MASK : 0);
    int prot = PROT_READ | (entry & PTE_RW ? PROT_WRITE : 0);

    if (!entry || !(entry & PTE_NX) || (write && !(entry & PTE_RW)))
        return false;
    if (maddr >= ram_size || tlb_size == TLB_MAX)
        return false;
    if (*slot_of(va)) /* a stale entry forbids what the tables allow */
        return false;
    if (mmap((void *)va, PAGE_SIZE, prot, MAP_SHARED | MAP_FIXED, ram_file,
             (off_t)maddr) == MAP_FAILED)
        return false;
    tlb[tlb_size].va = va;
    tlb[tlb_size].maddr = maddr;
    frame_entries[maddr >> PAGE_SHIFT]++;
    *slot_of(va) = ++tlb_size;
    return true;
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;
    uint64_t va = (uintptr_t)info->si_addr;
    bool write = uc->uc_mcontext.gregs[REG_ERR] & 2;

    if (va >= AREAS_START && va < AREAS_END &&
        tlb_fill(ALIGN_DOWN(va, PAGE_SIZE), write))
        return;
    fprintf(stderr, "page fault: %s %#lx\n", write ? "write to" : "read of",
            va);
    signal(sig, SIG_DFL); /* happens again, fatally */
}

void machine_start(uint64_t size)
{
    struct sigaction action = { .sa_sigaction = on_fault,
                                .sa_flags = SA_SIGINFO | SA_NODEFER };

    ram_size = size;
    ram_file = memfd_create("ram", 0);
    if (ram_file < 0 || ftruncate(ram_file, (off_t)size))
        abort();
    ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
               ram_file, 0);
    frame_entries = calloc((size >> PAGE_SHIFT) + 1, sizeof(*frame_entries));
    if (ram == MAP_FAILED || !frame_entries)
        abort();
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

FAKE void fake_write_cr3(uint64_t v)
{
    fake_cr[3] = v;
    if (ram)
        machine_flush(NULL, ~0ull);
}

FAKE void fake_invlpg(const volatile void *va)
{
    fake_invlpgs++;
    if (ram)
        machine_flush((const void *)(uintptr_t)va, 1);
}
