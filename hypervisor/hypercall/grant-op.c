/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HYPERVISOR_grant_table_op: copies the structures in, many at once, has
 * core/grant.c perform each, copies them back. Keeps no state.
 *
 * The sub-operations are those that Xen has for HVM domains; all others,
 * transfer and unmap_and_replace among them, are -ENOSYS.
 */
#include "hypervisor/abi/grant_table.h"

#include "hypervisor/abi/compat.h"
#include "hypervisor/core/grant.h"
#include "hypervisor/hypercall/calls.h"

/* --- Sub-operations on arrays. --- */

/* Elements copied in, performed and copied out together. A batch of unmaps
 * is flushed once. */
#define CHUNK GRANT_UNMAP_BATCH

static void one_map(struct domain *d, void *op, struct grant_unmaps *unmaps)
{
    grant_map(d, op);
}

static void one_unmap(struct domain *d, void *op, struct grant_unmaps *unmaps)
{
    grant_unmap(d, op, unmaps);
}

static void one_copy(struct domain *d, void *op, struct grant_unmaps *unmaps)
{
    grant_copy(d, op);
}

static struct gnttab_copy_ptr widen(const struct compat_gnttab_copy_ptr *p)
{
    return (struct gnttab_copy_ptr){
        .u.gmfn = p->u.gmfn, /* the same bits when it is a ref */
        .domid = p->domid,
        .offset = p->offset,
    };
}

static void one_copy_compat(struct domain *d, void *op,
                            struct grant_unmaps *unmaps)
{
    struct compat_gnttab_copy *c = op;
    struct gnttab_copy wide = {
        .source = widen(&c->source),
        .dest = widen(&c->dest),
        .len = c->len,
        .flags = c->flags,
    };

    grant_copy(d, &wide);
    c->status = wide.status;
}

static void one_swap(struct domain *d, void *op, struct grant_unmaps *unmaps)
{
    struct gnttab_swap_grant_ref *s = op;

    s->status = (int16_t)grant_swap(d, s->ref_a, s->ref_b);
}

#define MAX_SIZE sizeof(struct gnttab_copy)

BUILD_BUG_ON(sizeof(struct gnttab_map_grant_ref) > MAX_SIZE);
BUILD_BUG_ON(sizeof(struct gnttab_unmap_grant_ref) > MAX_SIZE);
BUILD_BUG_ON(sizeof(struct compat_gnttab_copy) > MAX_SIZE);
BUILD_BUG_ON(sizeof(struct gnttab_swap_grant_ref) > MAX_SIZE);

typedef void one_fn(struct domain *d, void *op, struct grant_unmaps *unmaps);

/* Copies n elements in, or only one if not all can be read; how many. */
static unsigned int elements_read(void *dst, gva_t src, size_t size,
                                  unsigned int n)
{
    if (!guest_read(dst, src, n * size))
        return n;
    return n > 1 && !guest_read(dst, src, size) ? 1 : 0;
}

/* Copies n elements out, as many as can be written. */
static int elements_write(gva_t dst, const void *src, size_t size,
                          unsigned int n)
{
    if (!guest_write(dst, src, n * size))
        return 0;
    for (unsigned int i = 0; i < n; i++)
        if (guest_write(gva_add(dst, i * size),
                        (const char *)src + i * size, size))
            break;
    return -EFAULT;
}

static long array_run(one_fn *one, size_t size, gva_t arg, unsigned int count)
{
    uint64_t buf[CHUNK * MAX_SIZE / sizeof(uint64_t)];
    struct domain *d = current->domain;
    struct grant_unmaps unmaps;

    unmaps.nr = 0; /* and not the whole array */
    unmaps.flush = false;
    while (count) {
        unsigned int n = elements_read(buf, arg, size,
                                       MIN(count, (unsigned int)CHUNK));

        if (!n)
            return -EFAULT;
        for (unsigned int i = 0; i < n; i++)
            one(d, (char *)buf + i * size, &unmaps);
        grant_unmap_done(d, &unmaps);
        if (elements_write(arg, buf, size, n))
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
    struct domain *d = NULL;
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
        uint64_t g;

        if (grant_frame(target, i, &pg))
            return GNTST_general_error;
        g = READ_ONCE(pg->gfn);
        if (guest_write(gva_add(list, i * size), &g, size))
            return GNTST_bad_virt_addr;
    }
    return GNTST_okay;
}

static long setup_table(void_gptr_t arg, unsigned int count)
{
    struct compat_gnttab_setup_table narrow;
    struct gnttab_setup_table op;
    struct domain *target;

    BUILD_BUG_ON(offsetof(struct gnttab_setup_table, status) !=
                 offsetof(struct compat_gnttab_setup_table, status));
    if (count != 1)
        return -EINVAL;
    if (hypercall_is_compat()) {
        if (read_arg(&narrow, arg))
            return -EFAULT;
        op.dom = narrow.dom;
        op.nr_frames = narrow.nr_frames;
        op.frame_list.addr = narrow.frame_list.addr;
    } else if (read_arg(&op, arg)) {
        return -EFAULT;
    }

    target = granter_get(ACCESS_GRANT_SETUP, op.dom, &op.status);
    if (target) {
        op.status = grant_grow(target, op.nr_frames) ? GNTST_general_error
                                                     : GNTST_okay;
        if (op.status == GNTST_okay)
            op.status = frame_list_write(target, gva(op.frame_list.addr),
                                         op.nr_frames);
        domain_put(target);
    }
    return guest_write(gva(arg.addr + offsetof(struct gnttab_setup_table,
                                               status)),
                       &op.status, sizeof(op.status));
}

static long query_size(void_gptr_t arg, unsigned int count)
{
    struct gnttab_query_size op;
    struct domain *target;

    if (count != 1)
        return -EINVAL;
    if (read_arg(&op, arg))
        return -EFAULT;
    target = granter_get(ACCESS_GRANT_QUERY, op.dom, &op.status);
    if (target) {
        op.nr_frames = grant_frames(target);
        op.max_nr_frames = grant_max_frames(target);
        domain_put(target);
    }
    return write_arg(arg, &op);
}

static long set_version(void_gptr_t arg, unsigned int count)
{
    struct gnttab_set_version op;
    long rc = 0;

    if (read_arg(&op, arg))
        return -EFAULT;
    if (op.version != 1)
        rc = op.version == 2 ? -ENOSYS : -EINVAL;
    op.version = 1;
    return write_arg(arg, &op) ? -EFAULT : rc;
}

static long get_version(void_gptr_t arg, unsigned int count)
{
    struct gnttab_get_version op;
    struct domain *target;
    int rc;

    if (read_arg(&op, arg))
        return -EFAULT;
    rc = target_get(op.dom, ACCESS_GRANT_QUERY, &target);
    if (rc)
        return rc;
    domain_put(target);
    op.version = 1;
    return write_arg(arg, &op);
}

/* --- Dispatch. --- */

long do_grant_table_op(unsigned int cmd, void_gptr_t uop, unsigned int count)
{
    static const struct {
        one_fn *one;     /* on each element of an array, or: */
        long (*single)(void_gptr_t arg, unsigned int count);
        uint8_t size;    /* of an element, bytes */
    } ops[] = {
#define ARRAY(type, fn) { .one = fn, .size = sizeof(struct type) }
        [GNTTABOP_map_grant_ref] = ARRAY(gnttab_map_grant_ref, one_map),
        [GNTTABOP_unmap_grant_ref] = ARRAY(gnttab_unmap_grant_ref, one_unmap),
        [GNTTABOP_copy] = ARRAY(gnttab_copy, one_copy),
        [GNTTABOP_swap_grant_ref] = ARRAY(gnttab_swap_grant_ref, one_swap),
#undef ARRAY
        [GNTTABOP_setup_table] = { .single = setup_table },
        [GNTTABOP_query_size] = { .single = query_size },
        [GNTTABOP_set_version] = { .single = set_version },
        [GNTTABOP_get_version] = { .single = get_version },
    };

    if (cmd >= ARRAY_SIZE(ops))
        return -ENOSYS;
    cmd = (unsigned int)index_nospec(cmd, ARRAY_SIZE(ops));
    if (!ops[cmd].one && !ops[cmd].single)
        return -ENOSYS;
    if ((int)count < 0)
        return -EINVAL;
    if (ops[cmd].single)
        return ops[cmd].single(uop, count);
    /* The only elements with another layout there. */
    if (cmd == GNTTABOP_copy && hypercall_is_compat())
        return array_run(one_copy_compat, sizeof(struct compat_gnttab_copy),
                         gva(uop.addr), count);
    return array_run(ops[cmd].one, ops[cmd].size, gva(uop.addr), count);
}
