/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of options and the parser. The last of two equal options wins;
 * words are separated by spaces; nothing is quoted.
 */
#include "hypervisor/start/cmdline.h"

#include "hypervisor/debug/console.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/debug/uart.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/start/options.h"
#include "hypervisor/x86/apic.h"
#include "hypervisor/x86/power.h"
#include "hypervisor/x86/smp.h"

#define WORDS_KEPT 8
#define WORD_MAX 256

char opt_dom0_mem[64];
unsigned int opt_dom0_max_vcpus;
char opt_iommu[64];
char opt_sched[16];
char opt_selftest[16];

#define BOOL(name, var, help) { name, OPTION_BOOL, &var, 0, help }
#define UINT(name, var, help) { name, OPTION_UINT, &var, 0, help }
#define STRING(name, var, help) { name, OPTION_STRING, var, sizeof(var), help }
#define IGNORED(name) { name, OPTION_IGNORED, NULL, 0, "accepted, no effect" }

/* clang-format off */
const struct option options[] = {
    STRING("com1", opt_com1,
           "serial port: <baud>[,<bits><parity><stop>[,<io>[,<irq>]]]"),
    STRING("console", opt_console,
           "where output goes: list of com1, vga, none; default: all"),
    UINT("dom0_max_vcpus", opt_dom0_max_vcpus,
         "vCPUs of domain 0; default: all CPUs"),
    STRING("dom0_mem", opt_dom0_mem,
           "memory of domain 0: <size>[,min:<size>][,max:<size>]"),
    STRING("guest_loglvl", opt_guest_loglvl,
           "which messages about guests are printed; default: warning"),
    STRING("iommu", opt_iommu, "use of the IOMMU: no, verbose, ..."),
    STRING("loglvl", opt_loglvl,
           "which messages are printed: none, error, warning, info, debug, "
           "all; default: info"),
    UINT("maxcpus", opt_maxcpus, "start at most this many CPUs; 0: all"),
    BOOL("noreboot", opt_noreboot,
         "after a crash halt instead of restarting"),
    STRING("sched", opt_sched, "scheduler; credit2 is the only one"),
    STRING("selftest", opt_selftest,
           "crash once booted, to see the report: pf, text, nx, gp, ud, "
           "stack, panic"),
    BOOL("x2apic", opt_x2apic, "use x2APIC mode where there is one"),
    IGNORED("conring_size"), IGNORED("cpufreq"), IGNORED("cpuidle"),
    IGNORED("crashkernel"), IGNORED("dom0"), IGNORED("dom0_vcpus_pin"),
    IGNORED("placeholder"), IGNORED("smt"), IGNORED("spec-ctrl"),
    IGNORED("sync_console"), IGNORED("ucode"), IGNORED("vga"),
    IGNORED("watchdog"), IGNORED("xpti"),
};
/* clang-format on */
const unsigned int nr_options = ARRAY_SIZE(options);

static char odd_words[WORDS_KEPT][64];
static unsigned int nr_odd;

static void remember(const char *word)
{
    size_t n;

    if (nr_odd == WORDS_KEPT)
        return;
    n = strnlen(word, sizeof(odd_words[0]) - 1);
    memcpy(odd_words[nr_odd], word, n);
    odd_words[nr_odd++][n] = '\0';
}

/* 1, 0, or -1 for neither. */
static int truth(const char *s)
{
    static const char *const words[2][6] = {
        { "no", "off", "false", "disable", "0" },
        { "yes", "on", "true", "enable", "1", "" },
    };

    for (int v = 0; v < 2; v++)
        for (unsigned int i = 0; i < 6 && words[v][i]; i++)
            if (!strcmp(s, words[v][i]))
                return v;
    return -1;
}

static bool parse_uint(const char *s, unsigned int *v)
{
    unsigned int base = s[0] == '0' && s[1] == 'x' ? 16 : 10;
    uint64_t n = 0;

    if (base == 16)
        s += 2;
    if (!*s)
        return false;
    for (; *s; s++) {
        unsigned int digit = *s >= '0' && *s <= '9' ? (unsigned int)(*s - '0')
                             : *s >= 'a' && *s <= 'f'
                                 ? (unsigned int)(*s - 'a' + 10) : 99;

        n = n * base + digit;
        if (digit >= base || n > 0xffffffff)
            return false;
    }
    *v = (unsigned int)n;
    return true;
}

static bool set(const struct option *o, bool negated, const char *value)
{
    int v;

    switch (o->type) {
    case OPTION_BOOL:
        v = value ? truth(value) : 1;
        if (v < 0)
            return false;
        *(bool *)o->variable = negated ? !v : v;
        return true;
    case OPTION_UINT:
        return !negated && value && parse_uint(value, o->variable);
    case OPTION_STRING:
        if (negated)
            value = "no";
        if (!value || strlen(value) >= o->size)
            return false;
        memcpy(o->variable, value, strlen(value) + 1);
        return true;
    case OPTION_IGNORED:
        return true;
    }
    return false;
}

static bool parse_word(char *word)
{
    char *value = strchr(word, '=');

    if (value)
        *value++ = '\0';
    for (unsigned int i = 0; i < nr_options; i++) {
        bool negated = !strncmp(word, "no-", 3) &&
                       !strcmp(word + 3, options[i].name);

        if (negated || !strcmp(word, options[i].name))
            return set(&options[i], negated, value);
    }
    return false;
}

void cmdline_parse(const char *cmdline)
{
    char word[WORD_MAX], kept[WORD_MAX];

    for (;;) {
        size_t n = 0;

        while (*cmdline == ' ')
            cmdline++;
        if (!*cmdline)
            return;
        for (; *cmdline && *cmdline != ' '; cmdline++)
            if (n < sizeof(word) - 1)
                word[n++] = *cmdline;
        word[n] = '\0';
        memcpy(kept, word, n + 1);
        if (!parse_word(word))
            remember(kept);
    }
}

void cmdline_report(void)
{
    for (unsigned int i = 0; i < nr_odd; i++)
        log_warn("command line: \"%s\" is not understood\n", odd_words[i]);
}
