/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console and xenstore pages of a guest: rings between the guest (or its
 * firmware) and daemons in dom0. The hypervisor never looks into them; its
 * tests and the firmware loader do.
 *
 * Indexes run freely and are taken modulo the ring's size, a power of two.
 */
#ifndef ABI_IO_RINGS_H
#define ABI_IO_RINGS_H

#include <stdint.h>

typedef uint32_t XENCONS_RING_IDX;

struct xencons_interface {
    char in[1024];
    char out[2048];
    XENCONS_RING_IDX in_cons, in_prod;
    XENCONS_RING_IDX out_cons, out_prod;
};

#define XENSTORE_RING_SIZE      1024

typedef uint32_t XENSTORE_RING_IDX;

struct xenstore_domain_interface {
    char req[XENSTORE_RING_SIZE];
    char rsp[XENSTORE_RING_SIZE];
    XENSTORE_RING_IDX req_cons, req_prod;
    XENSTORE_RING_IDX rsp_cons, rsp_prod;
    uint32_t server_features;       /* XENSTORE_SERVER_FEATURE_* */
    uint32_t connection;            /* XENSTORE_CONNECTED.. */
    uint32_t error;
};

#define XENSTORE_SERVER_FEATURE_RECONNECTION    1
#define XENSTORE_SERVER_FEATURE_ERROR           2
#define XENSTORE_CONNECTED                      0
#define XENSTORE_RECONNECT                      1

/* A message: this, then len bytes. */
struct xsd_sockmsg {
    uint32_t type;                  /* enum xsd_sockmsg_type */
    uint32_t req_id;
    uint32_t tx_id;
    uint32_t len;
};

#define XENSTORE_PAYLOAD_MAX    4096

enum xsd_sockmsg_type {
    XS_CONTROL,
    XS_DIRECTORY,
    XS_READ,
    XS_GET_PERMS,
    XS_WATCH,
    XS_UNWATCH,
    XS_TRANSACTION_START,
    XS_TRANSACTION_END,
    XS_INTRODUCE,
    XS_RELEASE,
    XS_GET_DOMAIN_PATH,
    XS_WRITE,
    XS_MKDIR,
    XS_RM,
    XS_SET_PERMS,
    XS_WATCH_EVENT,
    XS_ERROR,
    XS_IS_DOMAIN_INTRODUCED,
    XS_RESUME,
    XS_SET_TARGET,
    XS_RESET_WATCHES = XS_SET_TARGET + 2,
    XS_DIRECTORY_PART,
};

#endif
