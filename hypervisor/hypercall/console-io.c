/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * console_io: domain 0's hvc0 is the machine's console. Other domains' early
 * messages go to the log, line by line and rate limited.
 */
#include "hypervisor/debug/console.h"
#include "hypervisor/debug/log.h"
#include "hypervisor/debug/upcalls.h"
#include "hypervisor/hypercall/calls.h"

/* Characters typed for domain 0 that it has not read yet. */
#define INPUT_SIZE 1024u
static struct spinlock input_lock = SPINLOCK_INIT(CONSOLE);
static char input[INPUT_SIZE];
static unsigned int input_in, input_out;

void console_input(char c)
{
    spin_lock(&input_lock);
    if (input_in - input_out < INPUT_SIZE)
        input[input_in++ % INPUT_SIZE] = c;
    spin_unlock(&input_lock);
    send_global_virq(VIRQ_CONSOLE);
}

static long read_input(unsigned int n, void_gptr_t buf)
{
    char part[64];
    unsigned int got = 0;

    spin_lock(&input_lock);
    while (got < MIN(n, (unsigned int)sizeof(part)) && input_out != input_in)
        part[got++] = input[input_out++ % INPUT_SIZE];
    spin_unlock(&input_lock);
    return guest_write(gva(buf.addr), part, got) ? -EFAULT : (long)got;
}

/* A guest's text, of which `part` below has at most so much: printable
 * characters, whole lines. */
#define TEXT_MAX 128
static void guest_text(struct domain *d, const char *s, unsigned int n)
{
    char line[TEXT_MAX + 1];
    unsigned int len = 0;

    for (unsigned int i = 0; i < n; i++) {
        if (s[i] >= ' ' && s[i] < 127)
            line[len++] = s[i];
        if (s[i] == '\n' || (i == n - 1 && len)) {
            line[len] = '\0';
            log_guest(LOG_INFO, "d%u: %s\n", d->id, line);
            len = 0;
        }
    }
}

static long write_output(unsigned int n, void_gptr_t buf)
{
    struct domain *d = current->domain;
    char part[TEXT_MAX];

    for (unsigned int done = 0, now; done < n; done += now) {
        now = MIN(n - done, (unsigned int)sizeof(part));
        if (done && vcpu_preempt_wanted()) {
            hypercall_restart(1, n - done);
            hypercall_restart(2, buf.addr + done);
            return -ERESTART;
        }
        if (guest_read(part, gva(buf.addr + done), now))
            return -EFAULT;
        if (d->privileged)
            console_write_raw(part, now);
        else
            guest_text(d, part, now);
    }
    return 0;
}

long do_console_io(int cmd, unsigned int n, void_gptr_t buf)
{
    if (cmd == CONSOLEIO_write)
        return write_output(n, buf);
    if (cmd != CONSOLEIO_read)
        return -ENOSYS;
    return current->domain->privileged ? read_input(n, buf) : -EPERM;
}
