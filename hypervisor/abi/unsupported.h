/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sub-operation numbers of hypercalls that Lodge knows by name and refuses
 * (-ENOSYS, or the answer of a Xen built without them): kexec, XSM (FLASK),
 * hypfs, Argo, PMU, PV callbacks and NMI callbacks. No structures: nothing is
 * ever decoded.
 */
#ifndef ABI_UNSUPPORTED_H
#define ABI_UNSUPPORTED_H

#define KEXEC_CMD_kexec             0
#define KEXEC_CMD_kexec_load_v1     1
#define KEXEC_CMD_kexec_unload_v1   2
#define KEXEC_CMD_kexec_get_range   3
#define KEXEC_CMD_kexec_load        4
#define KEXEC_CMD_kexec_unload      5
#define KEXEC_CMD_kexec_status      6

#define XEN_FLASK_INTERFACE_VERSION 1
#define FLASK_LOAD                  1
#define FLASK_GETENFORCE            2
#define FLASK_SETENFORCE            3
#define FLASK_CONTEXT_TO_SID        4
#define FLASK_SID_TO_CONTEXT        5
#define FLASK_ACCESS                6
#define FLASK_CREATE                7
#define FLASK_RELABEL               8
#define FLASK_USER                  9
#define FLASK_POLICYVERS            10
#define FLASK_GETBOOL               11
#define FLASK_SETBOOL               12
#define FLASK_COMMITBOOLS           13
#define FLASK_MLS                   14
#define FLASK_DISABLE               15
#define FLASK_GETAVC_THRESHOLD      16
#define FLASK_SETAVC_THRESHOLD      17
#define FLASK_AVC_HASHSTATS         18
#define FLASK_AVC_CACHESTATS        19
#define FLASK_MEMBER                20
#define FLASK_ADD_OCONTEXT          21
#define FLASK_DEL_OCONTEXT          22
#define FLASK_GET_PEER_SID          23
#define FLASK_RELABEL_DOMAIN        24
#define FLASK_DEVICETREE_LABEL      25

#define XEN_HYPFS_VERSION               1
#define XEN_HYPFS_OP_get_version        0
#define XEN_HYPFS_OP_read               1
#define XEN_HYPFS_OP_write_contents     2

#define XEN_ARGO_OP_register_ring       1
#define XEN_ARGO_OP_unregister_ring     2
#define XEN_ARGO_OP_sendv               3
#define XEN_ARGO_OP_notify              4

#define XENPMU_mode_get             0
#define XENPMU_mode_set             1
#define XENPMU_feature_get          2
#define XENPMU_feature_set          3
#define XENPMU_init                 4
#define XENPMU_finish               5
#define XENPMU_lvtpc_set            6
#define XENPMU_flush                7

#define CALLBACKOP_register         0
#define CALLBACKOP_unregister       1
#define XENNMI_register_callback    0
#define XENNMI_unregister_callback  1

#endif
