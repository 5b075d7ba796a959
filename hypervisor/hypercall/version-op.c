/* SPDX-License-Identifier: GPL-2.0-only */
/* xen_version and vm_assist: who Lodge says it is, what it offers. */
#include "hypervisor/abi/version.h"

#include "hypervisor/hypercall/calls.h"
#include "hypervisor/x86/boot-info.h"

/* The interface is Xen's. */
#define LODGE_ABI_MAJOR 4
#define LODGE_ABI_MINOR 20
#define LODGE_EXTRAVERSION "-lodge"
#define LODGE_VERSION "Lodge 0.1"

static uint32_t feature_map(const struct domain *d)
{
    return BIT(XENFEAT_writable_page_tables) |
           BIT(XENFEAT_writable_descriptor_tables) |
           BIT(XENFEAT_auto_translated_physmap) |
           BIT(XENFEAT_supervisor_mode_kernel) |
           BIT(XENFEAT_hvm_callback_vector) | BIT(XENFEAT_hvm_safe_pvclock) |
           BIT(XENFEAT_memory_op_vnode_supported) |
           BIT(XENFEAT_dm_msix_all_writes) |
           (d->privileged ? BIT(XENFEAT_dom0) | BIT(XENFEAT_direct_mapped)
                          : BIT(XENFEAT_not_direct_mapped));
}

/* A string into a buffer of the ABI's fixed size, padded with zeroes. */
static long put_string(void_gptr_t arg, const char *s, size_t size)
{
    char buf[sizeof(xen_commandline_t)] = ""; /* no other is longer */

    memcpy(buf, s, MIN(strlen(s), size - 1));
    return guest_write(gva(arg.addr), buf, size);
}

/* The unbounded forms: a length, then the bytes. */
static long put_varbuf(void_gptr_t arg, const char *s)
{
    struct xen_varbuf b;
    size_t n = strlen(s);

    if (guest_ptr_is_null(arg))
        return (long)n;
    if (read_arg(&b, arg))
        return -EFAULT;
    if (b.len == 0 || b.len < n)
        return b.len ? -ENOBUFS : -EINVAL;
    if (guest_write(gva(arg.addr + sizeof(b)), s, n))
        return -EFAULT;
    return (long)n;
}

/* The strings, each in both forms. */
static const struct {
    uint8_t cmd, cmd2;
    uint16_t size;   /* of the fixed form */
    const char *text; /* NULL: the command line */
} strings[] = {
    { XENVER_extraversion, XENVER_extraversion2, sizeof(xen_extraversion_t),
      LODGE_EXTRAVERSION },
    { XENVER_capabilities, XENVER_capabilities2,
      sizeof(xen_capabilities_info_t),
      "hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 " },
    { XENVER_changeset, XENVER_changeset2, sizeof(xen_changeset_info_t),
      LODGE_VERSION },
    { XENVER_commandline, XENVER_commandline2, sizeof(xen_commandline_t),
      NULL },
};

long do_xen_version(unsigned int cmd, void_gptr_t arg)
{
    static const struct xen_compile_info compile_info = {
        .compiler = __VERSION__,
        .compile_by = "lodge",
    };
    struct domain *d = current->domain;
    struct xen_feature_info fi;

    for (unsigned int i = 0; i < ARRAY_SIZE(strings); i++) {
        /* The hypervisor's options are for those who control it. */
        const char *text = strings[i].text ? strings[i].text
                         : d->privileged ? boot_info.cmdline : "<denied>";

        if (cmd == strings[i].cmd)
            return put_string(arg, text, strings[i].size);
        if (cmd == strings[i].cmd2)
            return put_varbuf(arg, text);
    }
    switch (cmd) {
    case XENVER_version:
        return LODGE_ABI_MAJOR << 16 | LODGE_ABI_MINOR;
    case XENVER_compile_info:
        return write_arg(arg, &compile_info);
    case XENVER_platform_parameters: /* where it begins, for PV domains */
        return guest_write(gva(arg.addr), &(uint64_t){ 0 },
                           hypercall_is_compat() ? 4 : 8);
    case XENVER_get_features:
        if (read_arg(&fi, arg))
            return -EFAULT;
        if (fi.submap_idx >= XENFEAT_NR_SUBMAPS)
            return -EINVAL;
        fi.submap = feature_map(d);
        return write_arg(arg, &fi);
    case XENVER_pagesize:
        return PAGE_SIZE;
    case XENVER_guest_handle:
        return write_arg(arg, &d->config.handle);
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
    if (cmd == VMASST_CMD_enable)
        atomic_fetch_or(&d->vm_assist, (uint32_t)BIT(type));
    else if (cmd == VMASST_CMD_disable)
        atomic_fetch_and(&d->vm_assist, ~(uint32_t)BIT(type));
    else
        return -ENOSYS;
    return 0;
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
