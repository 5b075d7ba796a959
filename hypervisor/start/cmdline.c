/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of options and the parser. The last of two equal options wins;
 * words are separated by spaces; nothing is quoted.
 */
#include "hvm/dom0/build.h"
#include "hvm/policy/spec-ctrl.h"
#include "hvm/vmx/vmx.h"
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/lib/format.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/start/start.h"
#include "hypervisor/x86/irq.h"
#include "hypervisor/x86/smp.h"

char opt_dom0_mem[64];
unsigned int opt_dom0_max_vcpus;

struct option {
    const char *name;
    enum {
        OPTION_BOOL,    /* bool: name, no-name, name=yes|on|true|enable|1 ... */
        OPTION_UINT,    /* unsigned int, decimal or 0x... */
        OPTION_STRING,  /* char[size]: the text after "=" */
        OPTION_IGNORED, /* known to Xen's users, means nothing here */
    } type;
    void *variable;   /* NULL for OPTION_IGNORED */
    size_t size;      /* of it, for OPTION_STRING */
    const char *help; /* one line */
};

#define BOOL(name, var, help) { name, OPTION_BOOL, &var, 0, help }
#define UINT(name, var, help) { name, OPTION_UINT, &var, 0, help }
#define STRING(name, var, help) { name, OPTION_STRING, var, sizeof(var), help }
#define IGNORED(name) { name, OPTION_IGNORED, NULL, 0, "accepted, no effect" }

/* clang-format off */
static const struct option options[] = {
    STRING("com1", opt_com1,
           "serial port: <baud>[,<bits><parity><stop>[,<io>[,<irq>]]]"),
    STRING("console", opt_console,
           "where output goes: list of com1, vga, none; default: all"),
    UINT("dom0_max_vcpus", opt_dom0_max_vcpus,
         "vCPUs of domain 0; default: all CPUs"),
    STRING("dom0_mem", opt_dom0_mem,
           "memory of domain 0: <size>[,min:<size>][,max:<size>]"),
    STRING("ept", opt_ept,
           "[no-]exec-sp: guests execute from large pages; default: unless "
           "the CPU has a bug there"),
    STRING("guest_loglvl", opt_guest_loglvl,
           "which messages about guests are printed; default: warning"),
    STRING("loglvl", opt_loglvl,
           "which messages are printed: none, error, warning, info, debug, "
           "all; default: info"),
    UINT("maxcpus", opt_maxcpus, "start at most this many CPUs; 0: all"),
    BOOL("noreboot", opt_noreboot, "after a crash halt instead of restarting"),
    STRING("selftest", opt_selftest,
           "crash once booted, to see the report: pf, text, nx, gp, ud, "
           "stack, panic"),
    STRING("spec-ctrl", opt_spec_ctrl,
           "speculation controls: no, or a list of <name>, no-<name>, "
           "<name>=yes or no"),
    STRING("vmx", opt_vmx,
           "VT-x features not to use: list of no-<name>, names as in the log"),
    BOOL("x2apic", opt_x2apic, "use x2APIC mode where there is one"),
    IGNORED("conring_size"), IGNORED("cpufreq"), IGNORED("cpuidle"),
    IGNORED("crashkernel"), IGNORED("dom0"), IGNORED("dom0_vcpus_pin"),
    IGNORED("iommu"), IGNORED("placeholder"), IGNORED("sched"),
    IGNORED("smt"), IGNORED("sync_console"), IGNORED("ucode"),
    IGNORED("vga"), IGNORED("watchdog"), IGNORED("xpti"),
};
/* clang-format on */

/* True if the option takes the value, NULL: it has none. */
static bool set(const struct option *o, bool negated, const char *value)
{
    if (o->type == OPTION_IGNORED)
        return true;
    if (o->type == OPTION_BOOL) {
        int yes = value ? parse_bool(value) : 1;

        if (yes >= 0)
            *(bool *)o->variable = yes != negated;
        return yes >= 0;
    }
    if (negated || !value)
        return false;
    if (o->type == OPTION_UINT) {
        uint32_t n;
        const char *end = parse_number(value, &n);

        if (end == value || *end)
            return false;
        *(unsigned int *)o->variable = n;
        return true;
    }
    if (strlen(value) >= o->size)
        return false;
    memcpy(o->variable, value, strlen(value) + 1);
    return true;
}

static bool parse_word(char *word)
{
    char *value = strchr(word, '=');

    if (value)
        *value++ = '\0';
    for (unsigned int i = 0; i < ARRAY_SIZE(options); i++) {
        bool negated = !strncmp(word, "no-", 3) &&
                       !strcmp(word + 3, options[i].name);

        if (negated || !strcmp(word, options[i].name))
            return set(&options[i], negated, value);
    }
    return false;
}

void cmdline_parse(const char *cmdline, bool report)
{
    char word[256];

    for (const char *end; *cmdline; cmdline = end + (*end == ' ')) {
        end = strchr(cmdline, ' ') ?: cmdline + strlen(cmdline);
        size_t n = MIN((size_t)(end - cmdline), sizeof(word) - 1);
        memcpy(word, cmdline, n);
        word[n] = '\0';
        if (n && !parse_word(word) && report) {
            memcpy(word, cmdline, n); /* parsing has cut it at the "=" */
            log_warn("command line: \"%s\" is not understood\n", word);
        }
    }
}
