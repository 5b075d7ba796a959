/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages shared with a device model: one slot per vCPU for requests that wait
 * for an answer, and a ring of writes that do not.
 *
 * The device model writes these pages too, at any time, and is not trusted:
 * read each field once and check what it says.
 */
#pragma once

#include <stdint.h>

#define IOREQ_WRITE             0
#define IOREQ_READ              1

/* A slot's life: hypervisor NONE -> READY, device model -> INPROCESS ->
 * IORESP_READY, hypervisor -> NONE. */
#define STATE_IOREQ_NONE        0
#define STATE_IOREQ_READY       1
#define STATE_IOREQ_INPROCESS   2
#define STATE_IORESP_READY      3

#define IOREQ_TYPE_PIO          0
#define IOREQ_TYPE_COPY         1   /* MMIO */
#define IOREQ_TYPE_PCI_CONFIG   2   /* addr: sbdf << 32 | offset */
#define IOREQ_TYPE_INVALIDATE   8   /* drop cached foreign mappings */

struct ioreq {
    uint64_t addr;                  /* port or guest physical address */
    uint64_t data;                  /* value, or its address */
    uint32_t count;                 /* repetitions */
    uint32_t size;                  /* bytes each */
    uint32_t vp_eport;              /* event channel of this vCPU */
    uint16_t _pad0;
    uint8_t state : 4;              /* STATE_* */
    uint8_t data_is_ptr : 1;        /* data is a guest physical address */
    uint8_t dir : 1;                /* IOREQ_READ or _WRITE */
    uint8_t df : 1;                 /* addresses go down */
    uint8_t _pad1 : 1;
    uint8_t type;                   /* IOREQ_TYPE_* */
};

struct shared_iopage {
    struct ioreq vcpu_ioreq[1];     /* indexed by vCPU, 128 to a page */
};

struct buf_ioreq {
    uint8_t type;                   /* IOREQ_TYPE_* */
    uint8_t pad : 1;
    uint8_t dir : 1;
    uint8_t size : 2;               /* log2 of bytes; 8 takes two slots */
    uint32_t addr : 20;
    uint32_t data;
};

#define IOREQ_BUFFER_SLOT_NUM   511

/*
 * The pointers count slots without wrapping at the ring's end. Servers made
 * with HVM_IOREQSRV_BUFIOREQ_ATOMIC expect the pair to be read and written as
 * one 64-bit word.
 */
struct buffered_iopage {
    uint32_t read_pointer;
    uint32_t write_pointer;
    struct buf_ioreq buf_ioreq[IOREQ_BUFFER_SLOT_NUM];
} __attribute__((aligned(8)));

/* Ports of the ACPI blocks, chosen by HVM_PARAM_ACPI_IOPORTS_LOCATION. */
#define ACPI_PM1A_EVT_BLK_ADDRESS_V0    0x1f40
#define ACPI_PM_TMR_BLK_ADDRESS_V0      0x1f48
#define ACPI_PM1A_EVT_BLK_ADDRESS_V1    0xb000
#define ACPI_PM_TMR_BLK_ADDRESS_V1      0xb008
