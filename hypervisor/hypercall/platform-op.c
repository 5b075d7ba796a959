/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine, as domain 0's kernel tells Lodge of it and asks about it: wall
 * clock, screen, CPUs, power. EFI run-time services and microcode are not
 * offered.
 */
#include "hypervisor/abi/platform.h"

#include "hvm/dom0/build.h"
#include "hvm/pvtime.h"
#include "hypervisor/cpu/cpuid.h"
#include "hypervisor/cpu/msr.h"
#include "hypervisor/hypercall/calls.h"
#include "hypervisor/lib/string.h"
#include "hypervisor/x86/acpi-tables.h"
#include "hypervisor/x86/boot-info.h"
#include "hypervisor/x86/features.h"
#include "hypervisor/x86/power.h"
#include "hypervisor/x86/smp.h"
#include "hypervisor/x86/time.h"

#define MSR_UCODE_REVISION 0x8b /* AMD: patch level; Intel: in bits 63:32 */
#define MSR_PLATFORM_ID 0x17

#define ACPI_S5 5

BUILD_BUG_ON(sizeof(struct dom0_vga_console_info) > 128);

/* --- clock --- */

static void set_clock(uint64_t secs, uint32_t nsecs, uint64_t at)
{
    struct domain *d;

    wallclock_set(secs * 1000000000ull + nsecs, at);
    for (domid_t id = 0; (d = domain_get_from(id)) != NULL; domain_put(d)) {
        id = (domid_t)(d->id + 1);
        spin_lock(&d->lock);
        if (d->shared_info)
            pvtime_update_wallclock(d);
        spin_unlock(&d->lock);
    }
}

/* --- screen --- */

static struct dom0_vga_console_info framebuffer(const struct framebuffer *fb,
                                                 bool efi)
{
    return (struct dom0_vga_console_info){
        .video_type = efi ? XEN_VGATYPE_EFI_LFB : XEN_VGATYPE_VESA_LFB,
        .u.vesa_lfb = {
            .width = (uint16_t)fb->width, .height = (uint16_t)fb->height,
            .bytes_per_line = (uint16_t)fb->pitch, .bits_per_pixel = fb->bpp,
            .lfb_base = (uint32_t)fb->maddr,
            .ext_lfb_base = (uint32_t)(fb->maddr >> 32),
            .lfb_size = (uint32_t)(((uint64_t)fb->pitch * fb->height +
                                    0xffff) >> 16),
            .red_pos = fb->red_pos, .red_size = fb->red_size,
            .green_pos = fb->green_pos, .green_size = fb->green_size,
            .blue_pos = fb->blue_pos, .blue_size = fb->blue_size,
        },
    };
}

static long dom0_console(struct dom0_vga_console_info *info)
{
    static const struct dom0_vga_console_info text = {
        .video_type = XEN_VGATYPE_TEXT_MODE_3,
        .u.text_mode_3 = { .font_height = 16, .rows = 25, .columns = 80 },
    };
    const struct boot_info *boot = dom0_boot_info;

    if (boot && boot->fb.maddr)
        *info = framebuffer(&boot->fb, boot->efi_system_table);
    else if (boot && boot->vga_text)
        *info = text;
    else
        return -ENODEV;
    return sizeof(*info);
}

/* --- CPUs --- */

static uint32_t acpi_id_of(uint32_t apic_id)
{
    for (unsigned int i = 0; i < acpi_info.nr_cpus; i++)
        if (acpi_info.apic_ids[i] == apic_id)
            return acpi_info.acpi_ids[i];
    return ~0u;
}

static long get_cpuinfo(struct xenpf_pcpuinfo *p)
{
    uint32_t cpu = p->xen_cpuid;

    p->max_present = nr_cpus_online - 1;
    if (cpu >= nr_cpus_online) {
        p->flags = XEN_PCPU_FLAGS_INVALID;
        return 0;
    }
    p->apic_id = cpu_apic_id[index_nospec(cpu, MAX_CPUS)];
    p->acpi_id = acpi_id_of(p->apic_id);
    p->flags = XEN_PCPU_FLAGS_ONLINE;
    return 0;
}

static long get_cpu_version(struct xenpf_pcpu_version *p)
{
    struct cpuid_regs r = cpuid(0, 0);

    p->max_present = nr_cpus_online - 1;
    memset(p->vendor_id, 0, sizeof(p->vendor_id));
    p->family = p->model = p->stepping = 0;
    if (p->xen_cpuid >= nr_cpus_online)
        return 0;
    memcpy(p->vendor_id, &r.b, 4);
    memcpy(p->vendor_id + 4, &r.d, 4);
    memcpy(p->vendor_id + 8, &r.c, 4);
    p->family = cpu_features.family;
    p->model = cpu_features.model;
    p->stepping = cpu_features.stepping;
    return 0;
}

static void read_revision(void *arg)
{
    struct xenpf_ucode_revision *p = arg;
    bool intel = cpu_features.vendor == VENDOR_INTEL;
    uint64_t revision, platform;

    if (rdmsr_safe(MSR_UCODE_REVISION, &revision))
        revision = 0;
    if (!intel || rdmsr_safe(MSR_PLATFORM_ID, &platform))
        platform = 0;
    p->revision = (uint32_t)(intel ? revision >> 32 : revision);
    p->pf = intel ? 1u << (platform >> 50 & 7) : 0;
}

static long get_ucode_revision(struct xenpf_ucode_revision *p)
{
    struct cpumask one = { { 0 } };

    if (p->cpu >= nr_cpus_online)
        return -ENOENT;
    p->signature = cpuid(1, 0).a;
    cpumask_set(&one, (unsigned int)index_nospec(p->cpu, MAX_CPUS));
    smp_call(&one, read_revision, p);
    return 0;
}

/* MSRs by list: none is allowed; the first entry says so. */
static long resource_op(const struct xenpf_resource_op *r)
{
    struct xenpf_resource_entry e;

    if (!r->nr_entries)
        return 0;
    if (r->nr_entries > 3)
        return -EINVAL;
    if (copy_from_guest(&e, r->entries))
        return -EFAULT;
    if (e.rsvd || (e.u.cmd <= XEN_RESOURCE_OP_MSR_WRITE && e.idx >> 32))
        e.u.ret = -EINVAL;
    else
        e.u.ret = e.u.cmd <= XEN_RESOURCE_OP_MSR_WRITE ? -EPERM : -EOPNOTSUPP;
    return copy_to_guest(r->entries, &e) ? -EFAULT : 0;
}

/* --- the rest --- */

/* What the BIOS said at boot is not kept; EFI's tables go with its run-time
 * services, which are not offered. */
static long firmware_info(struct xenpf_firmware_info *f)
{
    switch (f->type) {
    case XEN_FW_KBD_SHIFT_FLAGS:
        f->u.kbd_shift_flags = 0;
        return f->index ? -ESRCH : 0;
    case XEN_FW_DISK_INFO:
    case XEN_FW_DISK_MBR_SIGNATURE:
    case XEN_FW_VBEDDC_INFO:
        return -ESRCH;
    default:
        return f->type == XEN_FW_EFI_INFO ? -ENOSYS : -EINVAL;
    }
}

static long enter_sleep(const struct xenpf_enter_acpi_sleep *s)
{
    if (s->flags & ~(uint32_t)XENPF_ACPI_SLEEP_EXTENDED)
        return -EINVAL;
    if (s->sleep_state == ACPI_S5)
        machine_power_off();
    return -EOPNOTSUPP;
}

static long core_parking(struct xenpf_core_parking *p)
{
    if (p->type == XEN_CORE_PARKING_SET)
        return p->idle_nums ? -EOPNOTSUPP : 0;
    p->idle_nums = 0;
    return p->type == XEN_CORE_PARKING_GET ? 0 : -EINVAL;
}

/* *out: the argument is to be written back. */
static long run(struct xen_platform_op *op, bool *out)
{
    switch (op->cmd) {
    case XENPF_settime32:
        set_clock(op->u.settime32.secs, op->u.settime32.nsecs,
                  op->u.settime32.system_time);
        return 0;
    case XENPF_settime64:
        if (op->u.settime64.mbz)
            return -EINVAL;
        set_clock(op->u.settime64.secs, op->u.settime64.nsecs,
                  op->u.settime64.system_time);
        return 0;
    case XENPF_enter_acpi_sleep:
        return enter_sleep(&op->u.enter_acpi_sleep);
    case XENPF_set_processor_pminfo:
        /* What ACPI says of C and P states is taken note of by nobody yet. */
        if (op->u.set_pminfo.type == XEN_PM_TX)
            return -ENOSYS;
        return op->u.set_pminfo.type <= XEN_PM_PDC ? 0 : -EINVAL;
    case XENPF_cpu_online:
        return op->u.cpu_ol.cpuid < nr_cpus_online ? 0 : -EINVAL;
    case XENPF_cpu_offline:
        return op->u.cpu_ol.cpuid < nr_cpus_online ? -EOPNOTSUPP : -EINVAL;
    case XENPF_resource_op:
        return resource_op(&op->u.resource_op);
    case XENPF_platform_quirk:
        return op->u.platform_quirk.quirk_id >= QUIRK_NOIRQBALANCING &&
               op->u.platform_quirk.quirk_id <= QUIRK_IOAPIC_GOOD_REGSEL
                   ? 0 : -EINVAL;
    case XENPF_microcode_update:
    case XENPF_microcode_update2:
        /* No driver for this machine's processors, as Xen puts it. */
        return -EINVAL;
    default:
        break;
    }
    /* The rest answers. */
    *out = true;
    switch (op->cmd) {
    case XENPF_get_dom0_console:
        return dom0_console(&op->u.dom0_console);
    case XENPF_firmware_info:
        return firmware_info(&op->u.firmware_info);
    case XENPF_get_cpuinfo:
        return get_cpuinfo(&op->u.pcpu_info);
    case XENPF_get_cpu_version:
        return get_cpu_version(&op->u.pcpu_version);
    case XENPF_get_ucode_revision:
        return get_ucode_revision(&op->u.ucode_revision);
    case XENPF_core_parking:
        return core_parking(&op->u.core_parking);
    default:
        return -ENOSYS;
    }
}

long do_platform_op(void_gptr_t arg)
{
    struct xen_platform_op op;
    bool out = false;
    long rc;

    if (read_arg(&op, arg))
        return -EFAULT;
    if (op.interface_version != XENPF_INTERFACE_VERSION)
        return -EACCES;
    rc = may(current->domain, ACCESS_PLATFORM, NULL);
    if (rc)
        return rc;
    /* The layout of 64-bit callers only. */
    if (hypercall_is_compat())
        return -EOPNOTSUPP;
    rc = run(&op, &out);
    return out && rc >= 0 && write_arg(arg, &op) ? -EFAULT : rc;
}
