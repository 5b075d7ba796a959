/* sources: hypervisor/debug/uart.c hypervisor/debug/console.c hypervisor/lib/format.c */
/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line, com1='s value, and the levels of loglvl=. */
#include "hypervisor/start/cmdline.c"

#include <string.h>

#include "hvm/dom0/build.h"
#include "hvm/policy/spec-ctrl.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/smp.h"
#include "tests/unit/test.h"

TEST_PROGRAM;

/* What the sources expect from their neighbours. */
bool opt_x2apic = true, opt_noreboot;
char opt_selftest[16];
unsigned int opt_maxcpus;
char opt_ept[32], opt_spec_ctrl[128], opt_vmx[128];
static char written[65536];
static size_t written_size;
static uint64_t clock_now;

void screen_put(char c)
{
    written[written_size++] = c;
    written[written_size] = '\0';
}

void console_input(char c) { (void)c; }
void debug_key(char c) { (void)c; }
void smp_stop_others(void) {}
uint64_t now_ns(void) { return clock_now; }
void smp_stop_here(void)
{
    abort();
}

void machine_end(bool wait)
{
    (void)wait;
    abort();
}

static void forget(void)
{
    written_size = 0;
    written[0] = '\0';
}

static unsigned int lines(void)
{
    unsigned int n = 0;

    for (size_t i = 0; i < written_size; i++)
        n += written[i] == '\n';
    return n;
}

static void test_options(void)
{
    static const char line[] =
        "  placeholder dom0_mem=1024M,max:2G   com1=9600 noreboot x2apic=off "
        "dom0_max_vcpus=0x10 maxcpus=3 no-nonsense maxcpus=x console= odd "
        "guest_loglvl=all/info no-com1 ";

    cmdline_parse(line, false);
    CHECK(!strcmp(opt_dom0_mem, "1024M,max:2G"));
    CHECK(!strcmp(opt_com1, "9600"));
    CHECK(!strcmp(opt_console, ""));
    CHECK(!strcmp(opt_guest_loglvl, "all/info"));
    CHECK(opt_noreboot);
    CHECK(!opt_x2apic);
    CHECK_EQ(opt_dom0_max_vcpus, 16);
    CHECK_EQ(opt_maxcpus, 3);
    CHECK_EQ(lines(), 0);
    cmdline_parse(line, true);
    CHECK_EQ(opt_maxcpus, 3);
    CHECK_EQ(lines(), 4);
    CHECK(strstr(written, "\"no-nonsense\""));
    CHECK(strstr(written, "\"maxcpus=x\""));
    CHECK(strstr(written, "\"odd\""));

    cmdline_parse("x2apic noreboot=no no-iommu", true);
    CHECK(opt_x2apic && !opt_noreboot);
    CHECK_EQ(lines(), 4);
    cmdline_parse("no-x2apic noreboot=maybe maxcpus=4294967296", false);
    CHECK(!opt_x2apic && !opt_noreboot);
    CHECK_EQ(opt_maxcpus, 3);
}

static void test_long(void)
{
    static char line[4000];

    /* A value too long for its variable changes nothing; a word too long
     * for any is cut, and the next is still found. */
    memset(line, 'a', sizeof(line) - 1);
    memcpy(line, "dom0_mem=", 9);
    cmdline_parse(line, false);
    CHECK(!strcmp(opt_dom0_mem, "1024M,max:2G"));
    memcpy(line + 3000, " maxcpus=7 ", 11);
    cmdline_parse(line, false);
    CHECK_EQ(opt_maxcpus, 7);
}

static void test_table(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(options); i++) {
        CHECK(options[i].help && options[i].help[0]);
        CHECK((options[i].type == OPTION_IGNORED) == !options[i].variable);
        for (unsigned int j = 0; j < i; j++)
            CHECK(strcmp(options[i].name, options[j].name));
    }
}

static void test_uart(void)
{
    static const struct {
        const char *s;
        int rc;
        struct uart_config c;
    } cases[] = {
        { "", 0, { 115200, 0x03, 0x3f8, 4 } },
        { "115200,8n1", 0, { 115200, 0x03, 0x3f8, 4 } },
        { "9600,7e2", 0, { 9600, 0x02 | 0x18 | 0x04, 0x3f8, 4 } },
        { "auto", 0, { 0, 0x03, 0x3f8, 4 } },
        { "38400/1843200,8o1,0x2f8,3", 0, { 38400, 0x0b, 0x2f8, 3 } },
        { "115200,,0x3e8,0", 0, { 115200, 0x03, 0x3e8, 0 } },
        { ",8n1", 0, { 115200, 0x03, 0x3f8, 4 } },
        { "0", -1, { 0 } },
        { "230400", -1, { 0 } },
        { "9600,9n1", -1, { 0 } },
        { "9600,8x1", -1, { 0 } },
        { "9600,8n3", -1, { 0 } },
        { "9600,8n1,0x10000", -1, { 0 } },
        { "9600,8n1,0x3f8,16", -1, { 0 } },
        { "9600,8n1,0x3f8,4,more", -1, { 0 } },
        { "9600,8", -1, { 0 } },
        { "fast", -1, { 0 } },
    };

    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct uart_config c;
        int rc = uart_parse(cases[i].s, &c);

        CHECK_EQ(rc < 0, cases[i].rc < 0);
        if (rc || cases[i].rc)
            continue;
        CHECK_EQ(c.baud, cases[i].c.baud);
        CHECK_EQ(c.line, cases[i].c.line);
        CHECK_EQ(c.io, cases[i].c.io);
        CHECK_EQ(c.irq, cases[i].c.irq);
    }
}

static void test_levels(void)
{
    strcpy(opt_console, "");
    strcpy(opt_loglvl, "warning/debug");
    console_init();
    forget();
    log_info("not this\n");
    log_warn("but %d\n", 42);
    CHECK(!strcmp(written, "(LODGE) but 42\n"));
    strcpy(opt_loglvl, "warn"); /* no name: it stays */
    console_init();
    log_info("not this\n");
    CHECK_EQ(lines(), 1);
    strcpy(opt_loglvl, "all");
    console_init();
    log_debug("this\n");
    CHECK_EQ(lines(), 2);
    strcpy(opt_loglvl, "none");
    console_init();
    log_warn("not this\n");
    CHECK_EQ(lines(), 2);
}

static void test_guest_rate(void)
{
    strcpy(opt_loglvl, "debug");
    strcpy(opt_guest_loglvl, "debug");
    console_init();
    clock_now = 100000000000ull;
    forget();
    for (unsigned int i = 0; i < 1000; i++)
        log_guest(LOG_INFO, "flood\n");
    CHECK(lines() >= 10 && lines() <= 12);
    clock_now += 1000000000; /* a second later: five more, and a count */
    forget();
    for (unsigned int i = 0; i < 1000; i++)
        log_guest(LOG_INFO, "flood\n");
    CHECK(lines() >= 5 && lines() <= 7);
    CHECK(strstr(written, "lines about guests were dropped"));
    strcpy(opt_guest_loglvl, "warning");
    console_init();
    clock_now += 100000000000ull;
    forget();
    log_guest(LOG_INFO, "below the limit\n");
    CHECK_EQ(lines(), 0);
}

int main(void)
{
    console_init();
    test_options();
    test_long();
    test_table();
    test_uart();
    test_levels();
    test_guest_rate();
    return test_result();
}
