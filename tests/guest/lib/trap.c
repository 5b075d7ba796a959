/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptor tables, the record of faults, handlers. See trap.h. */
#include "tests/guest/lib/trap.h"

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, attr;
    uint16_t offset_mid;
#ifdef __x86_64__
    uint32_t offset_high, zero;
#endif
} __packed;

#define GATE_INTERRUPT 0x8e     /* present, DPL 0, 32 or 64 bits */
#define GATE_USER 0x60
#define IST_DF 1

extern char trap_stubs[256][16], user_end[];
extern const struct {
    uint32_t from, to;
} extable_start[], extable_end[];

static struct gate idt[256];
struct desc_ptr idt_pointer = { sizeof(idt) - 1, (unsigned long)idt };
static trap_fn *handlers[256];
volatile unsigned int stray_interrupts[256];
const uint32_t user_return_offset = offsetof(struct cpu, user_return);

static char user_stacks[MAX_CPUS][PAGE_SIZE] __user_data __aligned(16);

unsigned long user_enter(unsigned long (*fn)(unsigned long),
                         unsigned long arg, void *stack,
                         unsigned long *save, void *rsp0);

static const char *const names[] = {
    "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9",
    "#TS", "#NP", "#SS", "#GP", "#PF", "15", "#MF", "#AC", "#MC", "#XM",
};

static bool find_fixup(struct trap_frame *f)
{
    for (unsigned int i = 0; &extable_start[i] < extable_end; i++) {
        if (extable_start[i].from == f->rip) {
            f->rip = extable_start[i].to;
            return true;
        }
    }
    return false;
}

static void __attribute__((noreturn)) unexpected(const struct trap_frame *f)
{
    unsigned int v = (unsigned int)f->vector;

    fail("unexpected exception %s, error %#lx at %#lx, cs %#lx, flags %#lx, "
         "cr2 %#lx, cpu %u", v < ARRAY_SIZE(names) ? names[v] : "?",
         (unsigned long)f->error, (unsigned long)f->rip,
         (unsigned long)f->cs, (unsigned long)f->rflags, read_cr2(),
         this_cpu()->id);
}

void trap_entry(struct trap_frame *f);
void trap_entry(struct trap_frame *f)
{
    struct fault *rec = &this_cpu()->fault;
    unsigned int v = f->vector & 0xff;
    struct fault now = { v, f->error, 0, f->rip, f->rflags, rec->count + 1 };

    if (handlers[v]) {
        handlers[v](f);
        return;
    }
    if (v >= 32 || v == VEC_NMI) {
        stray_interrupts[v]++;
        return;
    }
    if (v == VEC_PF)
        now.address = read_cr2();
    if (!find_fixup(f))
        unexpected(f);
    *rec = now;
}

unsigned int fault_take(void)
{
    struct fault *rec = &this_cpu()->fault;
    unsigned int v;

    barrier();
    v = READ_ONCE(rec->vector);
    rec->vector = NO_FAULT;
    rec->count = 0;
    return v;
}

void trap_handler(unsigned int vector, trap_fn *fn)
{
    handlers[vector] = fn;
    barrier();
}

static void set_gate(unsigned int vector, const void *to, uint8_t attr)
{
    unsigned long at = (unsigned long)to;

    idt[vector] = (struct gate){
        .offset_low = (uint16_t)at, .selector = SEL_CODE, .attr = attr,
        .offset_mid = (uint16_t)(at >> 16),
#ifdef __x86_64__
        .offset_high = (uint32_t)(at >> 32),
#endif
    };
}

void idt_set_ist(unsigned int vector, unsigned int ist)
{
    idt[vector].ist = (uint8_t)ist;
    barrier();
}

void idt_set_present(unsigned int vector, bool present)
{
    if (present)
        idt[vector].attr |= 0x80;
    else
        idt[vector].attr &= 0x7f;
    barrier();
}

void gdt_set(unsigned int selector, uint64_t descriptor)
{
    this_cpu()->gdt[selector / 8] = descriptor;
    barrier();
}

uint64_t gdt_get(unsigned int selector)
{
    return this_cpu()->gdt[selector / 8];
}

void trap_init(void)
{
    for (unsigned int i = 0; i < 256; i++)
        set_gate(i, trap_stubs[i], GATE_INTERRUPT);
    /* Software interrupts that CPL 3 may raise, as on other systems. */
    idt[VEC_BP].attr |= GATE_USER;
    idt[VEC_OF].attr |= GATE_USER;
    set_gate(VEC_CALL_END, user_end, GATE_INTERRUPT | GATE_USER);
#ifdef __x86_64__
    idt_set_ist(VEC_DF, IST_DF);
#endif
}

static void tss_init(struct cpu *c)
{
    unsigned long top = (unsigned long)c + CPU_AREA;
    uint64_t base = (uintptr_t)&c->tss;
    const uint64_t limit = sizeof(c->tss) - 1;

    c->tss.iomap = sizeof(c->tss);
#ifdef __x86_64__
    c->tss.rsp[0] = top;
    for (unsigned int i = 0; i < ARRAY_SIZE(c->ist_stack); i++)
        c->tss.ist[i] = (unsigned long)c->ist_stack[i + 1];
    c->gdt[SEL_TSS / 8 + 1] = base >> 32;
#else
    c->tss.esp0 = top;
    c->tss.ss0 = SEL_DATA;
#endif
    c->gdt[SEL_TSS / 8] = limit | (base & 0xffffff) << 16 |
                          0x0000890000000000ull |
                          (base >> 24 & 0xff) << 56;
}

void trap_init_cpu(void)
{
    static const uint64_t gdt[] = {
#ifdef __x86_64__
        [SEL_CODE / 8] = 0x00af9b000000ffffull,
        [SEL_UCODE / 8] = 0x00affb000000ffffull,
#else
        [SEL_CODE / 8] = 0x00cf9b000000ffffull,
        [SEL_UCODE / 8] = 0x00cffb000000ffffull,
#endif
        [SEL_DATA / 8] = 0x00cf93000000ffffull,
        [SEL_CODE32 / 8] = 0x00cf9b000000ffffull,
        [SEL_CODE16 / 8] = 0x00009b000000ffffull,
        [SEL_DATA16 / 8] = 0x000093000000ffffull,
        [SEL_UCODE32 / 8] = 0x00cffb000000ffffull,
        [SEL_UDATA / 8] = 0x00cff3000000ffffull,
    };
    struct cpu *c = this_cpu();
    struct desc_ptr p = { sizeof(c->gdt) - 1, (unsigned long)c->gdt };

    memcpy(c->gdt, gdt, sizeof(gdt));
    tss_init(c);
    c->fault.vector = NO_FAULT;
    lgdt(&p);
    lidt(&idt_pointer);
#ifdef __x86_64__
    asm volatile("pushq %0; lea 1f(%%rip), %%rax; push %%rax; lretq; 1:"
                 : : "i"(SEL_CODE) : "rax", "memory");
#else
    asm volatile("ljmp %0, $1f; 1:" : : "i"(SEL_CODE) : "memory");
#endif
    asm volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%ss; ltr %w1"
                 : : "r"(SEL_DATA), "r"(SEL_TSS) : "memory");
}

unsigned long user_call(unsigned long (*fn)(unsigned long),
                        unsigned long arg)
{
    struct cpu *c = this_cpu();
    unsigned long flags = read_flags(), rc;

    cli();
    rc = user_enter(fn, arg, user_stacks[c->id] + sizeof(user_stacks[0]) - 32,
                    &c->user_return,
#ifdef __x86_64__
                    &c->tss.rsp[0]);
#else
                    &c->tss.esp0);
#endif
    write_flags(flags);
    return rc;
}
