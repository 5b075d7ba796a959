/* SPDX-License-Identifier: GPL-2.0-only */
/* xen_version and vm_assist: who Lodge says it is, what it offers. */
#include "hypervisor/abi/errno.h"
#include "hypervisor/abi/version.h"
#include "hypervisor/abi/xen.h"

#include "hvm/base/hvm.h"
#include "hvm/mem/guest-copy.h"
#include "hypervisor/core/vcpu.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/hypercall/restart.h"
#include "hypervisor/hypercall/upcalls.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/lib/version.h"

static const char capabilities[] = "hvm-3.0-x86_32 hvm-3.0-x86_32p "
                                   "hvm-3.0-x86_64 ";

static uint32_t feature_map(const struct domain *d)
{
    uint32_t map = BIT(XENFEAT_writable_page_tables) |
                   BIT(XENFEAT_writable_descriptor_tables) |
                   BIT(XENFEAT_auto_translated_physmap) |
                   BIT(XENFEAT_supervisor_mode_kernel) |
                   BIT(XENFEAT_hvm_callback_vector) |
                   BIT(XENFEAT_hvm_safe_pvclock) |
                   BIT(XENFEAT_memory_op_vnode_supported) |
                   BIT(XENFEAT_dm_msix_all_writes);

    if (d->privileged)
        map |= BIT(XENFEAT_dom0) | BIT(XENFEAT_direct_mapped);
    else
        map |= BIT(XENFEAT_not_direct_mapped);
    return map;
}

/* A string into a buffer of the ABI's fixed size, padded with zeroes. */
static long put_string(void_gptr_t arg, const char *s, size_t size)
{
    static const char zero[64];
    size_t n = MIN(strlen(s), size - 1), at;
    int rc = guest_write(gva(arg.addr), s, n);

    for (at = n; !rc && at < size; at += sizeof(zero))
        rc = guest_write(gva(arg.addr + at), zero,
                         MIN(sizeof(zero), size - at));
    return rc;
}

/* The unbounded forms: a length, then the bytes. */
static long put_varbuf(void_gptr_t arg, const char *s)
{
    struct xen_varbuf b;
    size_t n = strlen(s);

    if (guest_ptr_is_null(arg))
        return (long)n;
    if (guest_read(&b, gva(arg.addr), sizeof(b)))
        return -EFAULT;
    if (b.len == 0)
        return -EINVAL;
    if (b.len < n)
        return -ENOBUFS;
    if (guest_write(gva(arg.addr + sizeof(b)), s, n))
        return -EFAULT;
    return (long)n;
}

static long put_compile_info(void_gptr_t arg)
{
    struct xen_compile_info info = {
        .compiler = __VERSION__,
        .compile_by = "lodge",
        .compile_domain = "",
        .compile_date = "",
    };

    return guest_write(gva(arg.addr), &info, sizeof(info));
}

/* The command line of the hypervisor is for those who control it. */
static const char *command_line(void)
{
    return current->domain->privileged ? lodge_command_line : "<denied>";
}

long do_xen_version(unsigned int cmd, void_gptr_t arg)
{
    struct xen_feature_info fi;
    uint64_t virt_start = 0;

    switch (cmd) {
    case XENVER_version:
        return LODGE_ABI_MAJOR << 16 | LODGE_ABI_MINOR;
    case XENVER_extraversion:
        return put_string(arg, LODGE_EXTRAVERSION,
                          sizeof(xen_extraversion_t));
    case XENVER_compile_info:
        return put_compile_info(arg);
    case XENVER_capabilities:
        return put_string(arg, capabilities, sizeof(xen_capabilities_info_t));
    case XENVER_changeset:
        return put_string(arg, LODGE_VERSION, sizeof(xen_changeset_info_t));
    case XENVER_platform_parameters:
        return guest_write(gva(arg.addr), &virt_start,
                           hypercall_is_compat() ? 4 : 8);
    case XENVER_get_features:
        if (guest_read(&fi, gva(arg.addr), sizeof(fi)))
            return -EFAULT;
        if (fi.submap_idx >= XENFEAT_NR_SUBMAPS)
            return -EINVAL;
        fi.submap = feature_map(current->domain);
        return guest_write(gva(arg.addr), &fi, sizeof(fi));
    case XENVER_pagesize:
        return PAGE_SIZE;
    case XENVER_guest_handle:
        return guest_write(gva(arg.addr), current->domain->handle,
                           sizeof(current->domain->handle));
    case XENVER_commandline:
        return put_string(arg, command_line(), sizeof(xen_commandline_t));
    case XENVER_extraversion2:
        return put_varbuf(arg, LODGE_EXTRAVERSION);
    case XENVER_capabilities2:
        return put_varbuf(arg, capabilities);
    case XENVER_changeset2:
        return put_varbuf(arg, LODGE_VERSION);
    case XENVER_commandline2:
        return put_varbuf(arg, command_line());
    case XENVER_build_id:
        return -ENODATA;
    default:
        return -ENOSYS;
    }
}

/* Only the runstate assist has a meaning without classic PV. */
long do_vm_assist(unsigned int cmd, unsigned int type)
{
    struct domain *d = current->domain;

    if (type != VMASST_TYPE_runstate_update_flag)
        return type < 32 ? -EINVAL : -ENOSYS;
    switch (cmd) {
    case VMASST_CMD_enable:
        atomic_fetch_or(&d->vm_assist, (uint32_t)BIT(type));
        return 0;
    case VMASST_CMD_disable:
        atomic_fetch_and(&d->vm_assist, ~(uint32_t)BIT(type));
        return 0;
    default:
        return -ENOSYS;
    }
}

/* Absolute system time in ns; 0 stops the timer. */
long do_set_timer_op(int64_t timeout)
{
    struct vcpu *v = current;

    if (timeout == 0)
        timer_stop(&v->singleshot);
    else
        timer_set(&v->singleshot, timeout < 0 ? now_ns() + MILLISECS(100)
                                              : (uint64_t)timeout);
    return 0;
}
