/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HYPERVISOR_grant_table_op: copies the structures in, many at once, has
 * core/grant.c perform each, copies them back. Keeps no state.
 *
 * The sub-operations are those that Xen has for HVM domains; all others,
 * transfer and unmap_and_replace among them, are -ENOSYS.
 */
#include "hypervisor/core/grant.h"
#include "hypervisor/hypercall/calls.h"

/* --- Sub-operations on arrays. --- */

/* Elements copied in, performed and copied out together. A batch of unmaps
 * is flushed once. */
#define CHUNK ((unsigned int)GRANT_UNMAP_BATCH)

/* The array is copied here. Each gets the unmaps of the batch as *more. */

SUBOP_DO(map_grant_ref, 0, struct gnttab_map_grant_ref,
         a->status = (int16_t)grant_map(d, a))

SUBOP_DO(unmap_grant_ref, 0, struct gnttab_unmap_grant_ref,
         a->status = (int16_t)grant_unmap(d, a, more))

SUBOP_DO(copy, 0, struct gnttab_copy, a->status = (int16_t)grant_copy(d, a),
         COMPAT(gnttab_copy, "LHHPLHHPHHH"))

SUBOP_DO(swap_grant_ref, 0, struct gnttab_swap_grant_ref,
         a->status = (int16_t)grant_swap(d, a->ref_a, a->ref_b))

#define MAX_SIZE sizeof(struct gnttab_copy)

BUILD_BUG_ON(sizeof(struct gnttab_map_grant_ref) > MAX_SIZE);
BUILD_BUG_ON(sizeof(struct gnttab_unmap_grant_ref) > MAX_SIZE);
BUILD_BUG_ON(sizeof(struct compat_gnttab_copy) > MAX_SIZE);
BUILD_BUG_ON(sizeof(struct gnttab_swap_grant_ref) > MAX_SIZE);

static long array_run(const struct subop *op, gva_t arg, unsigned int count)
{
    const bool narrow = op->layout && hypercall_is_compat();
    const size_t size = narrow ? op->size32 : op->size;
    uint64_t buf[CHUNK * MAX_SIZE / sizeof(uint64_t)];
    uint64_t wide[MAX_SIZE / sizeof(uint64_t)] = { 0 }; /* of a narrow one */
    struct grant_unmaps unmaps;

    unmaps.nr = 0; /* and not the whole array */
    unmaps.flush = false;
    while (count) {
        unsigned int n = MIN(count, CHUNK);

        /* If not all can be read, then one after the other. */
        if (guest_read(buf, arg, n * size)) {
            n = 1;
            if (guest_read(buf, arg, size))
                return -EFAULT;
        }
        for (unsigned int i = 0; i < n; i++) {
            void *element = (char *)buf + i * size;

            if (narrow)
                compat_copy(wide, element, op->layout, true);
            op->fn(current, current->domain, narrow ? wide : element, &unmaps);
            if (narrow)
                compat_copy(wide, element, op->layout, false);
        }
        grant_unmap_done(current->domain, &unmaps);
        /* What stands before a page that cannot be written is. */
        if (guest_write(arg, buf, n * size))
            return -EFAULT;
        arg = gva_add(arg, n * size);
        count -= n;
        if (count && vcpu_preempt_wanted()) {
            hypercall_restart(1, arg.raw);
            hypercall_restart(2, count);
            return -ERESTART;
        }
    }
    return 0;
}

/* --- Sub-operations on one structure. --- */

/* The domain with this id, with a reference, if the caller may do that to it;
 * else NULL and GNTST_*. (Who may use a grant, its entry says.) */
static struct domain *granter_get(enum access_action action, domid_t id,
                                  int16_t *status)
{
    struct domain *d;
    int rc = target_get(id, action, &d);

    *status = !rc ? GNTST_okay
            : rc == -ESRCH ? GNTST_bad_domain : GNTST_permission_denied;
    return d;
}

/*
 * Where the guest frames of the table are, as far as the p2m knows (an HVM
 * guest maps them itself, with XENMEM_add_to_physmap). A 32-bit caller gets
 * the low half of each number.
 */
static int16_t frame_list_write(struct domain *target, gva_t list,
                                unsigned int nr)
{
    size_t size = hypercall_is_compat() ? 4 : 8;

    for (unsigned int i = 0; i < nr; i++) {
        struct page *pg;

        if (grant_frame(target, i, &pg))
            return GNTST_general_error;
        uint64_t g = READ_ONCE(pg->gfn);
        if (guest_write(gva_add(list, i * size), &g, size))
            return GNTST_bad_virt_addr;
    }
    return GNTST_okay;
}

SUBOP(setup_table, IO, struct gnttab_setup_table,
      COMPAT(gnttab_setup_table, "HIHL"))
{
    struct domain *of = granter_get(ACCESS_GRANT_SETUP, a->dom, &a->status);

    if (!of)
        return 0;
    a->status = grant_grow(of, a->nr_frames)
                    ? GNTST_general_error
                    : frame_list_write(of, gva(a->frame_list.addr),
                                       a->nr_frames);
    domain_put(of);
    return 0;
}

SUBOP(query_size, IO, struct gnttab_query_size)
{
    struct domain *of = granter_get(ACCESS_GRANT_QUERY, a->dom, &a->status);

    if (!of)
        return 0;
    a->nr_frames = grant_frames(of);
    a->max_nr_frames = grant_max_frames(of);
    domain_put(of);
    return 0;
}

SUBOP(set_version, IO | ERR, struct gnttab_set_version)
{
    uint32_t wanted = a->version;

    a->version = 1;
    return wanted == 1 ? 0 : wanted == 2 ? -ENOSYS : -EINVAL;
}

SUBOP_DO(get_version, IO, struct gnttab_get_version, a->version = 1,
         OF(get_version, dom, GRANT_QUERY))

/* --- Dispatch. --- */

long do_grant_table_op(unsigned int cmd, void_gptr_t uop, unsigned int count)
{
    static const struct subop *const ops[] = {
#define OP(name) [GNTTABOP_##name] = &subop_##name
        OP(map_grant_ref), OP(unmap_grant_ref), OP(copy), OP(swap_grant_ref),
        OP(setup_table), OP(query_size), OP(set_version), OP(get_version),
    };
    const struct subop *op = subop_find(ops, ARRAY_SIZE(ops), cmd);

    if (!op)
        return -ENOSYS;
    if ((int)count < 0 ||
        (count != 1 && (cmd == GNTTABOP_setup_table ||
                        cmd == GNTTABOP_query_size)))
        return -EINVAL;
    return op->flags ? subop_run(op, current, current->domain, uop, NULL)
                     : array_run(op, gva(uop.addr), count);
}
