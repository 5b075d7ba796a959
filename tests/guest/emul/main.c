/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions that access emulated devices do what they would do to memory:
 * every form of move, arithmetic with a memory operand, locked operations,
 * strings, vectors, to and from registers of the local APIC; string port
 * I/O with all its prefixes and faults in the middle.
 *
 * SDM vol. 2. The initial count of the (masked) timer is a register of 32
 * bits that reads as it was written; memory behind the APIC's page reads as
 * ones.
 */
#include "tests/guest/lib/apic.h"
#include "tests/guest/lib/lib.h"
#include "tests/guest/lib/paging.h"
#include "tests/guest/lib/trap.h"

#define REG (APIC_DEFAULT_BASE + APIC_TMICT)
#define NOTHING 0xfee10000u
#define PORT 0x40           /* domain 0's: closed, reads as ones */

static volatile uint32_t *reg = (volatile uint32_t *)(uintptr_t)REG;

static void set(uint32_t v)
{
    mmio_write(REG, v);
}

/* insn works on (%rbx) with value in EAX; what is left in EAX and there. */
#define FORM(insn, before, in, after, out)                                  \
    do {                                                                    \
        uint64_t a_ = (in);                                                 \
        set(before);                                                        \
        asm volatile(insn : "+a"(a_) : "b"(reg), "c"(0x11223344ull),        \
                     "d"(3) : "memory", "cc");                              \
        report(*reg == (after), insn ": left %#x, not %#x", *reg,           \
               (uint32_t)(after));                                          \
        report(a_ == (uint64_t)(out), insn ": EAX %#llx, not %#llx",        \
               (unsigned long long)a_, (unsigned long long)(out));          \
    } while (0)

static void test_moves(void)
{
    const uint32_t v = 0x89abcdef;

    FORM("mov (%%rbx), %%eax", v, 0, v, v);
    FORM("mov (%%rbx), %%ax", v, 0x55550000, v, 0x5555cdef);
    FORM("mov (%%rbx), %%al", v, 0x5500, v, 0x55ef);
    FORM("mov (%%rbx), %%ah", v, 0x55, v, 0xef55);
    FORM("movzbl (%%rbx), %%eax", v, ~0ull, v, 0xef);
    FORM("movzwl (%%rbx), %%eax", v, ~0ull, v, 0xcdef);
    FORM("movsbl (%%rbx), %%eax", v, 0, v, 0xffffffef);
    FORM("movswq (%%rbx), %%rax", v, 0, v, 0xffffffffffffcdefull);
    FORM("movslq (%%rbx), %%rax", v, 0, v, 0xffffffff89abcdefull);
    FORM("mov %%eax, (%%rbx)", 0, v, v, v);
    FORM("movl $0x12345678, (%%rbx)", 0, 1, 0x12345678, 1);
    FORM("mov %%al, (%%rbx)", 0x11111111, 0x22, 0x11111122, 0x22);
    FORM("mov %%ax, (%%rbx)", 0x11111111, 0x3322, 0x11113322, 0x3322);
    FORM("movabs 0xfee00380, %%eax", v, 0, v, v);
    FORM("movabs %%eax, 0xfee00380", 0, v, v, v);
    FORM("mov (%%rbx,%%rdx,1), %%al", v, 0, v, 0x89);
    FORM("mov -0x40(%%rbx,%%rdx,8), %%eax", v, ~0u, v, 0);
    FORM("movnti %%eax, (%%rbx)", 0, v, v, v);
    FORM("xchg %%eax, (%%rbx)", v, 5, 5, v);
    FORM("bswap %%eax; mov %%eax, (%%rbx)", 0, 0x78563412, 0x12345678,
         0x12345678);
    FORM("pushw (%%rbx); pop %%ax", v, 0, v, 0xcdef);
    FORM("push %%ax; popw (%%rbx)", 0x11110000, 0x2222, 0x11112222, 0x2222);
    FORM("cmovz (%%rbx), %%eax", v, 7, v, 7);
}

static void test_arithmetic(void)
{
    FORM("addl $5, (%%rbx)", 10, 0, 15, 0);
    FORM("add (%%rbx), %%eax", 10, 7, 10, 17);
    FORM("add %%eax, (%%rbx)", 10, 7, 17, 7);
    FORM("subl $1, (%%rbx)", 10, 0, 9, 0);
    FORM("stc; adcl $1, (%%rbx)", 10, 0, 12, 0);
    FORM("stc; sbbl $1, (%%rbx)", 10, 0, 8, 0);
    FORM("andl $0xff, (%%rbx)", 0x1234, 0, 0x34, 0);
    FORM("and %%eax, (%%rbx)", 0x1234, 0xf0, 0x30, 0xf0);
    FORM("orl $0xf, (%%rbx)", 0x30, 0, 0x3f, 0);
    FORM("or (%%rbx), %%eax", 0x30, 5, 0x30, 0x35);
    FORM("xor %%eax, (%%rbx)", 0xff, 0xf, 0xf0, 0xf);
    FORM("notl (%%rbx)", 0x0f0f0f0f, 0, 0xf0f0f0f0, 0);
    FORM("negl (%%rbx)", 1, 0, 0xffffffff, 0);
    FORM("incl (%%rbx)", 41, 0, 42, 0);
    FORM("decl (%%rbx)", 43, 0, 42, 0);
    FORM("shll $4, (%%rbx)", 0x123, 0, 0x1230, 0);
    FORM("rorl $8, (%%rbx)", 0x12345678, 0, 0x78123456, 0);
    FORM("sarl $4, (%%rbx)", 0x80000000, 0, 0xf8000000, 0);
    FORM("cmpl $5, (%%rbx); setz %%al", 5, 0, 5, 1);
    FORM("cmp %%eax, (%%rbx); setb %%al", 5, 6, 5, 1);
    FORM("testl $4, (%%rbx); setnz %%al", 5, 0, 5, 1);
    FORM("test %%eax, (%%rbx); setz %%al", 5, 2, 5, 1);
    FORM("imul (%%rbx), %%eax", 6, 7, 6, 42);
    FORM("imul $3, (%%rbx), %%eax", 6, 0, 6, 18);
    FORM("mull (%%rbx)", 1000000, 1000000, 1000000, 0xd4a51000);
    FORM("xor %%edx, %%edx; divl (%%rbx)", 7, 50, 7, 7);
    FORM("addb $1, (%%rbx)", 0xff, 0, 0, 0);
    FORM("addw $1, (%%rbx)", 0xffff, 0, 0, 0);
}

static void test_locked(void)
{
    FORM("lock incl (%%rbx)", 41, 0, 42, 0);
    FORM("lock addl $3, (%%rbx)", 41, 0, 44, 0);
    FORM("lock xaddl %%eax, (%%rbx)", 41, 2, 43, 41);
    FORM("lock cmpxchgl %%ecx, (%%rbx)", 41, 41, 0x11223344, 41);
    FORM("lock cmpxchgl %%ecx, (%%rbx)", 41, 40, 41, 41);
    FORM("lock orl $1, (%%rbx)", 40, 0, 41, 0);
    FORM("btsl $4, (%%rbx)", 1, 0, 0x11, 0);
    FORM("lock btrl $4, (%%rbx)", 0x11, 0, 1, 0);
    FORM("btcl $0, (%%rbx); setc %%al", 1, 0, 0, 1);
    FORM("btl %%edx, (%%rbx); setc %%al", 8, 0, 8, 1);
    FORM("bsf (%%rbx), %%eax", 0x100, 0, 0x100, 8);
    FORM("bsr (%%rbx), %%eax", 0x100, 0, 0x100, 8);
}

static void test_strings(void)
{
    static uint32_t buf[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    const void *from = (void *)(uintptr_t)NOTHING;
    void *to = buf, *at;
    unsigned long n = 4, left;

    asm volatile("rep movsl" : "+S"(from), "+D"(to), "+c"(n) : : "memory");
    report(n == 0 && buf[0] == ~0u && buf[3] == ~0u && buf[4] == 5 &&
           from == (void *)(uintptr_t)(NOTHING + 16) && to == buf + 4,
           "REP MOVS from a device");
    for (unsigned int i = 0; i < 8; i++)
        buf[i] = 0x1000 + i;
    from = buf;
    to = (void *)(uintptr_t)REG;
    n = 1;
    asm volatile("rep movsl" : "+S"(from), "+D"(to), "+c"(n) : : "memory");
    report_eq(*reg, 0x1000, "REP MOVS to a device");
    to = (void *)(uintptr_t)REG;
    n = 1;
    asm volatile("rep stosl" : "+D"(to), "+c"(n) : "a"(0x77) : "memory");
    report_eq(*reg, 0x77, "REP STOS to a device");
    from = (void *)(uintptr_t)REG;
    asm volatile("lodsl" : "+S"(from), "=a"(left) : : "memory");
    report_eq((uint32_t)left, 0x77, "LODS");
    to = (void *)(uintptr_t)NOTHING;
    n = 10;
    asm volatile("repe scasb" : "+D"(to), "+c"(n) : "a"(0xff)
                 : "memory", "cc");
    report_eq(n, 0, "REPE SCAS over ones");
    to = (void *)(uintptr_t)(NOTHING + 12);
    from = buf + 3;
    at = buf;
    n = 4;
    memset(at, 0xff, sizeof(buf));
    asm volatile("std; repe cmpsl; cld" : "+S"(from), "+D"(to), "+c"(n)
                 : : "memory", "cc");
    report(n == 0, "REPE CMPS, downwards: %lu left", n);
}

static void test_vectors(void)
{
    static uint32_t buf[8] __aligned(32);

    write_cr4(read_cr4() | CR4_OSFXSR);
    asm volatile("movups (%0), %%xmm1; movups %%xmm1, (%1)"
                 : : "r"((uintptr_t)NOTHING), "r"(buf) : "memory");
    report(buf[0] == ~0u && buf[3] == ~0u && !buf[4], "MOVUPS");
    asm volatile("movdqa (%0), %%xmm2; movq %%xmm2, (%1)"
                 : : "r"((uintptr_t)NOTHING), "r"(buf + 4) : "memory");
    report(buf[4] == ~0u && buf[5] == ~0u && !buf[6], "MOVDQA, MOVQ");
    set(0x1234);
    asm volatile("movd (%1), %%xmm3; movd %%xmm3, %0"
                 : "=r"(buf[7]) : "r"(reg) : "memory");
    report_eq(buf[7], 0x1234, "MOVD");
    buf[7] = 0x4321;
    asm volatile("movd (%1), %%xmm3; movd %%xmm3, (%0)"
                 : : "r"(reg), "r"(buf + 7) : "memory");
    report_eq(*reg, 0x4321, "MOVD to a device");
}

/* An access that only partly hits the device, or faults as well. */
static void test_edges(void)
{
    char *v = va_alloc();
    uint64_t x = 0;

    asm volatile("mov (%1), %0" : "=r"(x)
                 : "r"((uintptr_t)APIC_DEFAULT_BASE + APIC_ID) : "memory");
    report_eq(x & 0xff000000, (uint64_t)apic_id() << 24, "8-byte read");
    page_map(v, APIC_DEFAULT_BASE, PTE_P | PTE_W);
    page_map(v + PAGE_SIZE, 0, 0);
    report_eq(*(volatile uint32_t *)(v + APIC_TMICT), *reg, "other address");
    asm volatile(TRY("mov (%1), %0") : "=r"(x) : "r"(v + PAGE_SIZE - 4));
    report_eq(fault_take(), VEC_PF, "over the end of the page");
    report_eq(fault_address(), (uintptr_t)v + PAGE_SIZE, "CR2");
    page_map(v, APIC_DEFAULT_BASE, PTE_P);
    asm volatile(TRY("movl $1, (%0)") : : "r"(v + APIC_TMICT) : "memory");
    report_eq(fault_take(), VEC_PF, "write through a read-only page");
    report_eq(fault_error(), PFEC_PRESENT | PFEC_WRITE, "its error code");
    asm volatile(TRY("addl $1, (%0)") : : "r"(v + APIC_TMICT) : "memory");
    report_eq(fault_take(), VEC_PF, "read-modify-write likewise");
    asm volatile("mov %%ds, %0" : "=m"(x));
}

static void test_string_ports(void)
{
    static uint8_t buf[64];
    char *v = va_alloc();
    uint8_t *p = buf;
    void *at;
    unsigned long n = 16;

    memset(buf, 0x55, sizeof(buf));
    asm volatile("rep insb" : "+D"(p), "+c"(n) : "d"(PORT) : "memory");
    report(n == 0 && p == buf + 16 && buf[15] == 0xff && buf[16] == 0x55,
           "REP INSB");
    p = buf + 32;
    asm volatile("insl" : "+D"(p) : "d"(PORT) : "memory");
    report(buf[35] == 0xff && buf[36] == 0x55 && p == buf + 36, "INSL");
    p = buf + 40;
    n = 3;
    asm volatile("std; rep insw; cld" : "+D"(p), "+c"(n) : "d"(PORT)
                 : "memory");
    report(buf[41] == 0xff && buf[36] == 0xff && buf[42] == 0x55 &&
           p == buf + 34, "REP INSW, downwards");
    p = buf;
    n = 64;
    asm volatile("rep outsb" : "+S"(p), "+c"(n) : "d"(PORT) : "memory");
    report(n == 0 && p == buf + 64, "REP OUTSB");
    n = 0;
    asm volatile("rep outsb" : "+S"(p), "+c"(n) : "d"(PORT) : "memory");
    report(p == buf + 64, "REP OUTSB, none");

    page_map(v, (uintptr_t)pages_alloc(1), PTE_P | PTE_W);
    page_map(v + PAGE_SIZE, 0, 0);
    at = v + PAGE_SIZE - 5;
    n = 10;
    asm volatile(TRY("rep insb") : "+D"(at), "+c"(n) : "d"(PORT) : "memory");
    report_eq(fault_take(), VEC_PF, "INS into nothing");
    report(n == 5 && at == v + PAGE_SIZE, "%lu left at %p", n, at);
    report_eq(fault_address(), (uintptr_t)v + PAGE_SIZE, "CR2");
    report_eq(fault_error(), PFEC_WRITE, "error code");
    at = v + PAGE_SIZE - 6;
    n = 8;
    asm volatile(TRY("rep outsw") : "+S"(at), "+c"(n) : "d"(PORT)
                 : "memory");
    report_eq(fault_take(), VEC_PF, "OUTS from nothing");
    report(n == 5, "%lu left", n);
    report_eq(inb(PORT), 0xff, "closed port, byte");
    report_eq(inw(PORT), 0xffff, "word");
    report_eq(inl(PORT), 0xffffffff, "long");
}

static unsigned long __user port_at_3(unsigned long arg)
{
    asm volatile(TRY("in $0x40, %%al") : : : "al");
    return arg;
}

TEST_MAIN()
{
    apic_init();
    apic_write(APIC_LVT_TIMER, LVT_MASKED);
    test_moves();
    test_arithmetic();
    test_locked();
    test_strings();
    test_vectors();
    test_edges();
    test_string_ports();
    user_call(port_at_3, 0);
    report_eq(fault_take(), VEC_GP, "IN at CPL 3");
}
