/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings of granted frames: the handles of the domain that maps, mapping
 * into its p2m and out again. What the granter's entry says and holds is
 * grant.c's.
 *
 * A mapping has a reference to the granting domain, so that unmapping needs
 * no lookup and the granter's id is not used again meanwhile. It is undone at
 * the address where it was made and nowhere else: otherwise a handle could be
 * given back while its writable mapping stays, for one that may only read.
 *
 * An unmapped frame stays in use until grant_unmap_done() has flushed the
 * TLBs: only then may the granter see that it is free.
 */
#include "hypervisor/core/grant-impl.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/mm/heap.h"

#define PER_PAGE ((unsigned int)(PAGE_SIZE / sizeof(struct grant_mapping)))
#define NO_HANDLE (~0u)
/* The toolstack's limit is in frames of Xen's, which hold 256 mappings. */
#define PER_LIMIT_FRAME 256u
#define MAX_LIMIT_FRAMES 65536u

/* In flags, beside GNTMAP_*: somebody is unmapping it. */
#define BUSY 0x8000u
#define KINDS (GNTMAP_host_map | GNTMAP_device_map)

/* The mapping with an existing handle. */
static struct grant_mapping *mapping_at(const struct grant_table *t,
                                        grant_handle_t h)
{
    return &t->maptrack[h / PER_PAGE][h % PER_PAGE];
}

/* Adds a page of free handles. Lock (m). */
static bool maptrack_grow(struct grant_table *t)
{
    unsigned int first = t->nr_handles;
    unsigned int n = MIN(PER_PAGE, t->max_handles - first);
    struct grant_mapping *page;

    page = n ? heap_alloc_array(n, sizeof(*page)) : NULL;
    if (!page)
        return false;
    for (unsigned int i = 0; i < n; i++)
        page[i].ref = i + 1 < n ? first + i + 1 : NO_HANDLE;
    t->maptrack[first / PER_PAGE] = page;
    t->free_handle = first;
    store_release(&t->nr_handles, first + n);
    return true;
}

static grant_handle_t handle_alloc(struct grant_table *t)
{
    grant_handle_t h = NO_HANDLE;

    spin_lock(&t->maptrack_lock);
    if (t->free_handle != NO_HANDLE || maptrack_grow(t)) {
        h = t->free_handle;
        t->free_handle = mapping_at(t, h)->ref;
    }
    spin_unlock(&t->maptrack_lock);
    return h;
}

static void handle_free(struct grant_table *t, grant_handle_t h)
{
    struct grant_mapping *mp = mapping_at(t, h);

    spin_lock(&t->maptrack_lock);
    mp->granter = NULL;
    mp->ref = t->free_handle;
    store_release(&mp->flags, 0);
    t->free_handle = h;
    spin_unlock(&t->maptrack_lock);
}

/* May d map in this way? GNTST_*. */
static int check_flags(const struct domain *d, uint32_t flags)
{
    uint32_t allowed = GNTMAP_host_map | GNTMAP_readonly;

    if (!(flags & KINDS))
        return GNTST_bad_gntref;
    /* Domain 0's devices reach frames by their machine addresses. */
    if (d->privileged)
        allowed |= GNTMAP_device_map;
    return flags & ~allowed ? GNTST_general_error : GNTST_okay;
}

/* All of grant_map() that can fail, with a handle and the granter at hand. */
static int map_frame(struct domain *d, struct domain *granter,
                     const struct gnttab_map_grant_ref *op, mfn_t *m)
{
    bool readonly = op->flags & GNTMAP_readonly;
    int rc = grant_pin(granter, op->ref, d->id, readonly, true, m);

    if (rc)
        return rc;
    if ((op->flags & GNTMAP_host_map) &&
        guest_grant_map(d, gpa_to_gfn(gpa(op->host_addr)), *m, readonly)) {
        grant_unpin(granter, op->ref, readonly);
        return GNTST_general_error;
    }
    return GNTST_okay;
}

void grant_map(struct domain *d, struct gnttab_map_grant_ref *op)
{
    struct grant_table *t = d->grant;
    struct domain *granter;
    struct grant_mapping *mp;
    grant_handle_t h;
    mfn_t m;
    int rc = check_flags(d, op->flags);

    if (rc)
        goto out;
    granter = op->dom < DOMID_FIRST_RESERVED ? domain_get(op->dom) : NULL;
    if (!granter) {
        rc = GNTST_bad_domain;
        goto out;
    }
    h = handle_alloc(t);
    if (h == NO_HANDLE) {
        rc = GNTST_no_space;
        goto err_put;
    }
    rc = map_frame(d, granter, op, &m);
    if (rc)
        goto err_free;

    mp = mapping_at(t, h);
    mp->granter = granter;
    mp->gfn = gpa_to_gfn(gpa(op->host_addr));
    mp->ref = op->ref;
    store_release(&mp->flags, (uint16_t)op->flags); /* usable from here on */
    op->handle = h;
    op->dev_bus_addr = mfn_to_maddr(m);
    goto out;

err_free:
    handle_free(t, h);
err_put:
    domain_put(granter);
out:
    op->status = (int16_t)rc;
}

/*
 * The mapping with this handle, marked as being unmapped so that nobody else
 * touches it, and its flags; NULL if there is none.
 */
static struct grant_mapping *mapping_take(const struct grant_table *t,
                                          grant_handle_t h, uint16_t *flags)
{
    unsigned int nr = load_acquire(&t->nr_handles);
    struct grant_mapping *mp;

    if (h >= nr)
        return NULL;
    mp = mapping_at(t, (grant_handle_t)index_nospec(h, nr));
    *flags = load_acquire(&mp->flags);
    if (!*flags || (*flags & BUSY) ||
        !atomic_cmpxchg(&mp->flags, flags, *flags | BUSY))
        return NULL;
    return mp;
}

void grant_unmap(struct domain *d, struct gnttab_unmap_grant_ref *op,
                 struct grant_unmaps *batch)
{
    struct grant_table *t = d->grant;
    uint16_t flags, left;
    struct grant_mapping *mp = mapping_take(t, op->handle, &flags);
    bool host, device;
    mfn_t m;

    op->status = GNTST_bad_handle;
    if (!mp)
        return;
    host = op->host_addr && (flags & GNTMAP_host_map);
    device = op->dev_bus_addr && (flags & GNTMAP_device_map);
    m = grant_pinned_mfn(mp->granter, mp->ref);
    left = flags;

    op->status = GNTST_okay;
    if (device && op->dev_bus_addr != mfn_to_maddr(m))
        op->status = GNTST_bad_dev_addr;
    else if (host && (!gfn_eq(gpa_to_gfn(gpa(op->host_addr)), mp->gfn) ||
                      guest_grant_unmap(d, mp->gfn, m)))
        op->status = GNTST_general_error;
    else
        left &= (uint16_t)~((host ? GNTMAP_host_map : 0) |
                            (device ? GNTMAP_device_map : 0));
    batch->flush |= left != flags;
    if (left & KINDS) {
        store_release(&mp->flags, left);
        return;
    }

    if (batch->nr == GRANT_UNMAP_BATCH)
        grant_unmap_done(d, batch);
    batch->unmapped[batch->nr++] = (struct grant_unmapped){
        .granter = mp->granter,
        .ref = mp->ref,
        .readonly = flags & GNTMAP_readonly,
    };
    batch->flush = true;
    handle_free(t, op->handle);
}

void grant_unmap_done(struct domain *d, struct grant_unmaps *batch)
{
    if (batch->flush)
        guest_grant_flush(d);
    for (unsigned int i = 0; i < batch->nr; i++) {
        struct grant_unmapped *u = &batch->unmapped[i];

        grant_unpin(u->granter, u->ref, u->readonly);
        domain_put(u->granter);
    }
    batch->nr = 0;
    batch->flush = false;
}

int grant_relinquish(struct domain *d)
{
    struct grant_table *t = d->grant;

    if (!t)
        return 0;
    while (t->relinquish_next < t->nr_handles) {
        grant_handle_t h = t->relinquish_next++;
        struct grant_mapping *mp = mapping_at(t, h);
        struct domain *granter = mp->granter;

        if (mp->flags) {
            grant_unpin(granter, mp->ref, mp->flags & GNTMAP_readonly);
            handle_free(t, h);
            domain_put(granter);
        }
        if (h % 64 == 63 && vcpu_preempt_wanted())
            return -ERESTART;
    }
    return 0;
}

int maptrack_init(struct grant_table *t, unsigned int max_frames)
{
    spin_lock_init(&t->maptrack_lock, LOCK_GRANT);
    t->free_handle = NO_HANDLE;
    t->max_handles = MIN(max_frames, MAX_LIMIT_FRAMES) * PER_LIMIT_FRAME;
    t->maptrack = heap_alloc_array(t->max_handles / PER_PAGE + 1,
                                   sizeof(*t->maptrack));
    return t->maptrack ? 0 : -ENOMEM;
}

void maptrack_exit(struct grant_table *t)
{
    for (unsigned int i = 0; i < DIV_ROUND_UP(t->nr_handles, PER_PAGE); i++)
        heap_free(t->maptrack[i]);
    heap_free(t->maptrack);
}
