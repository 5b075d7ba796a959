/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HVM parameters: a domain's 39 numbers that tools and the guest agree on, read
 * and written with HVMOP_get_param and HVMOP_set_param.
 */
#ifndef ABI_HVM_PARAMS_H
#define ABI_HVM_PARAMS_H

#define HVM_PARAM_CALLBACK_IRQ              0   /* how events are delivered */
#define HVM_PARAM_STORE_PFN                 1
#define HVM_PARAM_STORE_EVTCHN              2
#define HVM_PARAM_PAE_ENABLED               4   /* deprecated */
#define HVM_PARAM_IOREQ_PFN                 5
#define HVM_PARAM_BUFIOREQ_PFN              6
#define HVM_PARAM_VIRIDIAN                  9   /* HVMPV_* */
#define HVM_PARAM_TIMER_MODE                10  /* HVMPTM_* */
#define HVM_PARAM_HPET_ENABLED              11
#define HVM_PARAM_IDENT_PT                  12  /* page for EPT, CR0.PG=0 */
#define HVM_PARAM_DM_DOMAIN                 13  /* deprecated */
#define HVM_PARAM_ACPI_S_STATE              14  /* 0 or 3 */
#define HVM_PARAM_VM86_TSS                  15
#define HVM_PARAM_VPT_ALIGN                 16
#define HVM_PARAM_CONSOLE_PFN               17
#define HVM_PARAM_CONSOLE_EVTCHN            18
#define HVM_PARAM_ACPI_IOPORTS_LOCATION     19  /* 0: 0x1f40, 1: 0xb000 */
#define HVM_PARAM_MEMORY_EVENT_CR0          20  /* deprecated */
#define HVM_PARAM_MEMORY_EVENT_CR3          21  /* deprecated */
#define HVM_PARAM_MEMORY_EVENT_CR4          22  /* deprecated */
#define HVM_PARAM_MEMORY_EVENT_INT3         23  /* deprecated */
#define HVM_PARAM_NESTEDHVM                 24  /* deprecated */
#define HVM_PARAM_MEMORY_EVENT_SINGLE_STEP  25  /* deprecated */
#define HVM_PARAM_BUFIOREQ_EVTCHN           26  /* deprecated */
#define HVM_PARAM_PAGING_RING_PFN           27
#define HVM_PARAM_MONITOR_RING_PFN          28
#define HVM_PARAM_SHARING_RING_PFN          29
#define HVM_PARAM_MEMORY_EVENT_MSR          30  /* deprecated */
#define HVM_PARAM_TRIPLE_FAULT_REASON       31  /* SHUTDOWN_* */
#define HVM_PARAM_IOREQ_SERVER_PFN          32
#define HVM_PARAM_NR_IOREQ_SERVER_PAGES     33
#define HVM_PARAM_VM_GENERATION_ID_ADDR     34
#define HVM_PARAM_ALTP2M                    35  /* XEN_ALTP2M_* */
#define HVM_PARAM_X87_FIP_WIDTH             36  /* 8, 4 or 0: choose */
#define HVM_PARAM_VM86_TSS_SIZED            37  /* bytes << 32 | address */
#define HVM_PARAM_MCA_CAP                   38  /* XEN_HVM_MCA_CAP_* */
#define HVM_NR_PARAMS                       39

/* HVM_PARAM_CALLBACK_IRQ: type in the top byte; 0 in all bits is off. */
#define HVM_PARAM_CALLBACK_IRQ_TYPE_MASK    0xff00000000000000ull
#define HVM_PARAM_CALLBACK_TYPE_GSI         0   /* low bits: GSI */
#define HVM_PARAM_CALLBACK_TYPE_PCI_INTX    1   /* domain, bus, dev, intx */
#define HVM_PARAM_CALLBACK_TYPE_VECTOR      2   /* low byte: vector */

/* HVM_PARAM_VIRIDIAN: what of Hyper-V's interface the guest is offered. */
#define HVMPV_base_freq                 (1 << 0)
#define HVMPV_no_freq                   (1 << 1)
#define HVMPV_time_ref_count            (1 << 2)
#define HVMPV_reference_tsc             (1 << 3)
#define HVMPV_hcall_remote_tlb_flush    (1 << 4)
#define HVMPV_apic_assist               (1 << 5)
#define HVMPV_crash_ctl                 (1 << 6)
#define HVMPV_synic                     (1 << 7)
#define HVMPV_stimer                    (1 << 8)
#define HVMPV_hcall_ipi                 (1 << 9)
#define HVMPV_ex_processor_masks        (1 << 10)
#define HVMPV_no_vp_limit               (1 << 11)
#define HVMPV_cpu_hotplug               (1 << 12)
#define HVMPV_feature_mask              0x1fff

/* HVM_PARAM_TIMER_MODE: what becomes of ticks missed while not running. */
#define HVMPTM_delay_for_missed_ticks       0
#define HVMPTM_no_delay_for_missed_ticks    1
#define HVMPTM_no_missed_ticks_pending      2
#define HVMPTM_one_missed_tick_pending      3

#define XEN_ALTP2M_disabled             0
#define XEN_ALTP2M_mixed                1
#define XEN_ALTP2M_external             2
#define XEN_ALTP2M_limited              3

#define XEN_HVM_MCA_CAP_LMCE            (1ull << 0)
#define XEN_HVM_MCA_CAP_MASK            XEN_HVM_MCA_CAP_LMCE

#endif
