/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts of hypervisor/abi/features.h, compared by tests/abi. See facts.h. */
CONST(XENFEAT_writable_page_tables)
CONST(XENFEAT_writable_descriptor_tables)
CONST(XENFEAT_auto_translated_physmap)
CONST(XENFEAT_supervisor_mode_kernel)
CONST(XENFEAT_hvm_callback_vector)
CONST(XENFEAT_hvm_safe_pvclock)
CONST(XENFEAT_dom0)
CONST(XENFEAT_memory_op_vnode_supported)
CONST(XENFEAT_not_direct_mapped)
CONST(XENFEAT_direct_mapped)
CONST(XENFEAT_dm_msix_all_writes)
CONST(XENFEAT_NR_SUBMAPS)
