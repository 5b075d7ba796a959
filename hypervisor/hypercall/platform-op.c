/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine, as domain 0's kernel tells Lodge of it and asks about it: wall
 * clock, screen, CPUs, power. EFI run-time services and microcode are not
 * offered.
 */
#include "hypervisor/abi/platform.h"

#include "hypervisor/cpu/cpuid.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/boot-info.h"
#include "hypervisor/x86/smp.h"

#define MSR_PLATFORM_ID 0x17

BUILD_BUG_ON(sizeof(struct dom0_vga_console_info) > 128);

/* --- clock --- */

static long set_clock(uint64_t secs, uint32_t nsecs, uint64_t at)
{
    struct domain *d;

    wallclock_set(secs * 1000000000ull + nsecs, at);
    for (domid_t id = 0; (d = domain_get_from(id)) != NULL; domain_put(d)) {
        id = (domid_t)(d->id + 1);
        spin_lock(&d->lock);
        pvtime_update_wallclock(d);
        spin_unlock(&d->lock);
    }
    return 0;
}

SUBOP_EXPR(settime32, IN, struct xenpf_settime32,
           set_clock(a->secs, a->nsecs, a->system_time))
SUBOP_EXPR(settime64, IN, struct xenpf_settime64,
           a->mbz ? -EINVAL : set_clock(a->secs, a->nsecs, a->system_time))

/* --- screen --- */

SUBOP(get_dom0_console, OUT, struct dom0_vga_console_info)
{
    const struct boot_info *boot = &boot_info;
    const struct framebuffer *fb = &boot->fb;

    if (fb->type == FB_RGB && fb->maddr)
        *a = (struct dom0_vga_console_info){
            .video_type = boot->efi ? XEN_VGATYPE_EFI_LFB
                                    : XEN_VGATYPE_VESA_LFB,
            .u.vesa_lfb = {
                .width = (uint16_t)fb->width, .height = (uint16_t)fb->height,
                .bytes_per_line = (uint16_t)fb->pitch,
                .bits_per_pixel = fb->bpp,
                .lfb_base = (uint32_t)fb->maddr,
                .ext_lfb_base = (uint32_t)(fb->maddr >> 32),
                .lfb_size = (uint32_t)DIV_ROUND_UP((uint64_t)fb->pitch *
                                                   fb->height, KB(64)),
                .red_pos = fb->colour[0].pos, .red_size = fb->colour[0].size,
                .green_pos = fb->colour[1].pos,
                .green_size = fb->colour[1].size,
                .blue_pos = fb->colour[2].pos, .blue_size = fb->colour[2].size,
            },
        };
    else if (fb->type == FB_TEXT)
        *a = (struct dom0_vga_console_info){
            .video_type = XEN_VGATYPE_TEXT_MODE_3,
            .u.text_mode_3 = { .font_height = 16, .rows = 25, .columns = 80 },
        };
    else
        return -ENODEV;
    return sizeof(*a);
}

/* --- CPUs --- */

SUBOP(get_cpuinfo, IO, struct xenpf_pcpuinfo)
{
    a->max_present = nr_cpus_online - 1;
    a->flags = XEN_PCPU_FLAGS_INVALID;
    if (a->xen_cpuid >= nr_cpus_online)
        return 0;
    a->flags = XEN_PCPU_FLAGS_ONLINE;
    a->apic_id = cpu_apic_id[index_nospec(a->xen_cpuid, MAX_CPUS)];
    a->acpi_id = ~0u;
    for (unsigned int i = 0; i < acpi_info.nr_cpus; i++)
        if (acpi_info.apic_ids[i] == a->apic_id)
            a->acpi_id = acpi_info.acpi_ids[i];
    return 0;
}

SUBOP(get_cpu_version, IO, struct xenpf_pcpu_version)
{
    struct cpuid_regs r = cpuid(0, 0);

    *a = (struct xenpf_pcpu_version){ .xen_cpuid = a->xen_cpuid,
                                      .max_present = nr_cpus_online - 1 };
    if (a->xen_cpuid >= nr_cpus_online)
        return 0;
    memcpy(a->vendor_id, (uint32_t[]){ r.b, r.d, r.c }, sizeof(a->vendor_id));
    a->family = cpu_features.family;
    a->model = cpu_features.model;
    a->stepping = cpu_features.stepping;
    return 0;
}

static void read_revision(void *arg)
{
    struct xenpf_ucode_revision *p = arg;
    bool intel = cpu_features.vendor == VENDOR_INTEL;
    uint64_t revision, platform;

    /* AMD: patch level; Intel: in bits 63:32. */
    if (rdmsr_safe(MSR_UCODE_REV, &revision))
        revision = 0;
    if (!intel || rdmsr_safe(MSR_PLATFORM_ID, &platform))
        platform = 0;
    p->revision = (uint32_t)(intel ? revision >> 32 : revision);
    p->pf = intel ? 1u << (platform >> 50 & 7) : 0;
}

SUBOP(get_ucode_revision, IO, struct xenpf_ucode_revision)
{
    struct cpumask one = { { 0 } };

    if (a->cpu >= nr_cpus_online)
        return -ENOENT;
    a->signature = cpuid(1, 0).a;
    cpumask_set(&one, (unsigned int)index_nospec(a->cpu, MAX_CPUS));
    smp_call(&one, read_revision, a);
    return 0;
}

/* MSRs by list: none is allowed; the first entry says so. */
SUBOP(resource_op, IN, struct xenpf_resource_op)
{
    struct xenpf_resource_entry e;

    if (!a->nr_entries)
        return 0;
    if (a->nr_entries > 3)
        return -EINVAL;
    if (copy_from_guest(&e, a->entries))
        return -EFAULT;

    const bool msr = e.u.cmd <= XEN_RESOURCE_OP_MSR_WRITE;
    e.u.ret = e.rsvd || (msr && e.idx >> 32) ? -EINVAL
            : msr ? -EPERM : -EOPNOTSUPP;
    return copy_to_guest(a->entries, &e) ? -EFAULT : 0;
}

/* --- the rest --- */

/* What the BIOS said at boot is not kept; EFI's tables go with its run-time
 * services, which are not offered. */
SUBOP(firmware_info, IO, struct xenpf_firmware_info)
{
    if (a->type < XEN_FW_DISK_INFO || a->type > XEN_FW_KBD_SHIFT_FLAGS)
        return -EINVAL;
    if (a->type != XEN_FW_KBD_SHIFT_FLAGS || a->index)
        return a->type == XEN_FW_EFI_INFO ? -ENOSYS : -ESRCH;
    a->u.kbd_shift_flags = 0;
    return 0;
}

SUBOP(enter_acpi_sleep, IN, struct xenpf_enter_acpi_sleep)
{
    if (a->flags & ~(uint32_t)XENPF_ACPI_SLEEP_EXTENDED)
        return -EINVAL;
    if (a->sleep_state == 5) /* S5 */
        machine_power_off();
    return -EOPNOTSUPP;
}

SUBOP(core_parking, IO, struct xenpf_core_parking)
{
    if (a->type == XEN_CORE_PARKING_SET)
        return a->idle_nums ? -EOPNOTSUPP : 0;
    a->idle_nums = 0;
    return a->type == XEN_CORE_PARKING_GET ? 0 : -EINVAL;
}

/* What ACPI says of C and P states is taken note of by nobody yet. */
SUBOP_EXPR(set_processor_pminfo, IN, struct xenpf_set_processor_pminfo,
           a->type == XEN_PM_TX ? -ENOSYS
           : a->type <= XEN_PM_PDC ? 0 : -EINVAL)
SUBOP_EXPR(cpu_online, IN, struct xenpf_cpu_ol,
           a->cpuid < nr_cpus_online ? 0 : -EINVAL)
SUBOP_EXPR(cpu_offline, IN, struct xenpf_cpu_ol,
           a->cpuid < nr_cpus_online ? -EOPNOTSUPP : -EINVAL)
SUBOP_EXPR(platform_quirk, IN, struct xenpf_platform_quirk,
           a->quirk_id >= QUIRK_NOIRQBALANCING &&
           a->quirk_id <= QUIRK_IOAPIC_GOOD_REGSEL ? 0 : -EINVAL)
/* No driver for this machine's processors, as Xen puts it. */
SUBOP_EXPR(microcode_update, 0, void, -EINVAL)
SUBOP_EXPR(microcode_update2, 0, void, -EINVAL)

long do_platform_op(void_gptr_t arg)
{
    static const struct subop *const ops[] = {
#define OP(name) [XENPF_##name] = &subop_##name
        OP(settime32), OP(microcode_update), OP(platform_quirk),
        OP(get_cpu_version), OP(firmware_info), OP(enter_acpi_sleep),
        OP(set_processor_pminfo), OP(get_cpuinfo), OP(cpu_online),
        OP(cpu_offline), OP(core_parking), OP(resource_op), OP(settime64),
        OP(get_dom0_console), OP(get_ucode_revision), OP(microcode_update2),
    };
    uint32_t cmd;
    long rc = versioned_cmd(arg, XENPF_INTERFACE_VERSION, &cmd);

    if (!rc)
        rc = may(current->domain, ACCESS_PLATFORM, NULL);
    /* The layout of 64-bit callers only. */
    if (!rc && hypercall_is_compat())
        rc = -EOPNOTSUPP;
    arg.addr += offsetof(struct xen_platform_op, u);
    return rc ? rc : subop_call(ops, ARRAY_SIZE(ops), cmd, current, arg);
}
