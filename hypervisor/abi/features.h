/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Feature bits that XENVER_get_features reports and that a kernel's ELF notes
 * may demand (bit numbers of a 32-bit map).
 */
#ifndef ABI_FEATURES_H
#define ABI_FEATURES_H

#define XENFEAT_writable_page_tables            0
#define XENFEAT_writable_descriptor_tables      1
#define XENFEAT_auto_translated_physmap         2
#define XENFEAT_supervisor_mode_kernel          3
#define XENFEAT_hvm_callback_vector             8
#define XENFEAT_hvm_safe_pvclock                9
#define XENFEAT_dom0                            11
#define XENFEAT_memory_op_vnode_supported       13
#define XENFEAT_not_direct_mapped               16
#define XENFEAT_direct_mapped                   17
#define XENFEAT_dm_msix_all_writes              20

#define XENFEAT_NR_SUBMAPS                      1

#endif
