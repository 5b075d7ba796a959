/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HVM parameters: a domain's 39 numbers that tools and the guest agree on, read
 * and written with HVMOP_get_param and HVMOP_set_param.
 */
#pragma once

#define HVM_PARAM_CALLBACK_IRQ              0   /* how events are delivered */
#define HVM_PARAM_STORE_PFN                 1
#define HVM_PARAM_STORE_EVTCHN              2
#define HVM_PARAM_PAE_ENABLED               4   /* deprecated */
#define HVM_PARAM_IOREQ_PFN                 5
#define HVM_PARAM_BUFIOREQ_PFN              6
#define HVM_PARAM_VIRIDIAN                  9   /* Hyper-V's interface */
#define HVM_PARAM_TIMER_MODE                10  /* HVMPTM_* */
#define HVM_PARAM_HPET_ENABLED              11
#define HVM_PARAM_DM_DOMAIN                 13  /* deprecated */
#define HVM_PARAM_VM86_TSS                  15
#define HVM_PARAM_CONSOLE_PFN               17
#define HVM_PARAM_CONSOLE_EVTCHN            18
#define HVM_PARAM_ACPI_IOPORTS_LOCATION     19  /* 0: 0x1f40, 1: 0xb000 */
#define HVM_PARAM_MEMORY_EVENT_CR0          20  /* deprecated */
#define HVM_PARAM_BUFIOREQ_EVTCHN           26  /* deprecated */
#define HVM_PARAM_MEMORY_EVENT_MSR          30  /* deprecated */
#define HVM_PARAM_TRIPLE_FAULT_REASON       31  /* SHUTDOWN_* */
#define HVM_PARAM_IOREQ_SERVER_PFN          32
#define HVM_PARAM_NR_IOREQ_SERVER_PAGES     33
#define HVM_PARAM_VM_GENERATION_ID_ADDR     34
#define HVM_PARAM_ALTP2M                    35
#define HVM_PARAM_X87_FIP_WIDTH             36  /* 8, 4 or 0: choose */
#define HVM_PARAM_VM86_TSS_SIZED            37  /* bytes << 32 | address */
#define HVM_PARAM_MCA_CAP                   38
#define HVM_NR_PARAMS                       39

/* HVM_PARAM_CALLBACK_IRQ: type in the top byte; 0 in all bits is off. */
#define HVM_PARAM_CALLBACK_TYPE_GSI         0   /* low bits: GSI */
#define HVM_PARAM_CALLBACK_TYPE_PCI_INTX    1   /* domain, bus, dev, intx */
#define HVM_PARAM_CALLBACK_TYPE_VECTOR      2   /* low byte: vector */

/* HVM_PARAM_TIMER_MODE: what becomes of ticks missed while not running. */
#define HVMPTM_delay_for_missed_ticks       0
#define HVMPTM_no_delay_for_missed_ticks    1
#define HVMPTM_one_missed_tick_pending      3
