/* SPDX-License-Identifier: GPL-2.0-only */
/* Printing of what the recorder kept. */
#include "hvm/recorder.h"

#include "hvm/base/hvm.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/debug/log.h"

const char *const exit_names[EXIT_KINDS] = {
#define X(name, text) text,
    EXIT_KINDS_LIST(X)
#undef X
};

void recorder_print(struct vcpu *v, unsigned int n)
{
    const struct recorder *r = v->hvm->rec;
    uint32_t end = r->next, from;

    n = MIN(n, MIN(end, RECORDER_ENTRIES));
    log_err("Last %u of %u exits and injections of d%uv%u:\n", n, end,
            v->domain->id, v->id);
    for (from = end - n; from != end; from++) {
        const struct record *e = &r->entry[from % RECORDER_ENTRIES];

        if (e->kind == RECORD_INJECT)
            log_err("  %lu rip %lx injected vector %lx\n", e->tsc, e->rip,
                    e->info);
        else
            log_err("  %lu rip %lx %s (code %x) %lx\n", e->tsc, e->rip,
                    exit_names[e->kind], e->code, e->info);
    }
}

void hvm_crash_report(struct domain *d)
{
    if (current->domain == d && current->hvm)
        recorder_print(current, 16);
}
