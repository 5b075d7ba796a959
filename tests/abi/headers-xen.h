/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The same from libxen-dev, as the tool stack sees it, and other spellings of
 * what Xen's headers express in another way.
 */
#define __XEN_TOOLS__
#include <xen/xen.h>
#include <xen/arch-x86/cpufeatureset.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/xen-mca.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/domctl.h>
#include <xen/elfnote.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/hvm/dm_op.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/hvm_vcpu.h>
#include <xen/hvm/ioreq.h>
#include <xen/hvm/params.h>
#include <xen/hvm/save.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define COMPAT(name) name

#define EPERM XEN_EPERM
#define ENOENT XEN_ENOENT
#define ESRCH XEN_ESRCH
#define EIO XEN_EIO
#define ENXIO XEN_ENXIO
#define E2BIG XEN_E2BIG
#define ENOEXEC XEN_ENOEXEC
#define EAGAIN XEN_EAGAIN
#define ENOMEM XEN_ENOMEM
#define EACCES XEN_EACCES
#define EFAULT XEN_EFAULT
#define EBUSY XEN_EBUSY
#define EEXIST XEN_EEXIST
#define ENODEV XEN_ENODEV
#define EINVAL XEN_EINVAL
#define ENOSPC XEN_ENOSPC
#define EROFS XEN_EROFS
#define ERANGE XEN_ERANGE
#define ENOSYS XEN_ENOSYS
#define ENODATA XEN_ENODATA
#define EOVERFLOW XEN_EOVERFLOW
#define EOPNOTSUPP XEN_EOPNOTSUPP
#define ENOBUFS XEN_ENOBUFS

#define HVM_SAVE_CODE_END ((int)HVM_SAVE_CODE(END))
#define HVM_SAVE_CODE_HEADER ((int)HVM_SAVE_CODE(HEADER))
#define HVM_SAVE_CODE_CPU ((int)HVM_SAVE_CODE(CPU))
#define HVM_SAVE_CODE_PIC ((int)HVM_SAVE_CODE(PIC))
#define HVM_SAVE_CODE_IOAPIC ((int)HVM_SAVE_CODE(IOAPIC))
#define HVM_SAVE_CODE_LAPIC ((int)HVM_SAVE_CODE(LAPIC))
#define HVM_SAVE_CODE_LAPIC_REGS ((int)HVM_SAVE_CODE(LAPIC_REGS))
#define HVM_SAVE_CODE_PCI_IRQ ((int)HVM_SAVE_CODE(PCI_IRQ))
#define HVM_SAVE_CODE_ISA_IRQ ((int)HVM_SAVE_CODE(ISA_IRQ))
#define HVM_SAVE_CODE_PCI_LINK ((int)HVM_SAVE_CODE(PCI_LINK))
#define HVM_SAVE_CODE_PIT ((int)HVM_SAVE_CODE(PIT))
#define HVM_SAVE_CODE_RTC ((int)HVM_SAVE_CODE(RTC))
#define HVM_SAVE_CODE_HPET ((int)HVM_SAVE_CODE(HPET))
#define HVM_SAVE_CODE_PMTIMER ((int)HVM_SAVE_CODE(PMTIMER))
#define HVM_SAVE_CODE_MTRR ((int)HVM_SAVE_CODE(MTRR))
#define HVM_SAVE_CODE_VMCE_VCPU ((int)HVM_SAVE_CODE(VMCE_VCPU))
#define HVM_SAVE_CODE_TSC_ADJUST ((int)HVM_SAVE_CODE(TSC_ADJUST))
