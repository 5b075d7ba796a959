/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The grant table of a domain: the entries it writes, the use that others
 * make of them, and copying through them. Mappings are in grant-map.c.
 *
 * The granter is hostile: it may change an entry at any moment. What was
 * checked when the entry was put to use counts until it is not in use any
 * more; only GTF_readonly is looked at again when a writer joins readers.
 */
#include "hypervisor/core/grant-impl.h"
#include "hypervisor/abi/errno.h"
#include "hypervisor/core/upcalls.h"
#include "hypervisor/mm/heap.h"

/* More makes no sense (2 M entries) and would make growing slow. */
#define MAX_FRAMES 4096

/* Uses of one kind of one entry. */
#define MAX_USES 0x7fff

/* The first word of an entry, which changes as a whole. */
union entry_word {
    uint32_t raw;
    struct {
        uint16_t flags;
        domid_t domid;
    };
};
typedef uint32_t __attribute__((may_alias)) raw_word;
typedef uint64_t __attribute__((may_alias)) raw_entry;

struct grant_ref_ptrs {
    struct grant_entry_v1 *entry;
    struct grant_active *active;
};

static bool in_use(const struct grant_active *a)
{
    return a->readers || a->writers;
}

/* Entry `ref`; false if the table has no such entry. Lock GRANT. */
static bool entry_find(const struct grant_table *t, grant_ref_t ref,
                       struct grant_ref_ptrs *e)
{
    size_t n = t->nr_frames * ENTRIES_PER_FRAME, i;

    if (ref >= n)
        return false;
    i = index_nospec(ref, n);
    e->entry = &t->frames[i / ENTRIES_PER_FRAME]
                    .entries[i % ENTRIES_PER_FRAME];
    e->active = &t->frames[i / ENTRIES_PER_FRAME]
                     .active[i % ENTRIES_PER_FRAME];
    return true;
}

/*
 * Marks the guest's entry as read (and written), if it permits that: what an
 * entry in use permits, and whom, is not asked again. Some races with the
 * granter are legitimate, like setting GTF_readonly; a granter that always
 * wins gets an error.
 */
static int mark(struct grant_entry_v1 *entry, bool used, bool readonly,
                uint16_t mask, domid_t user)
{
    raw_word *word = (raw_word *)entry;
    union entry_word seen = { .raw = READ_ONCE(*word) }, new;

    for (unsigned int try = 0; try < 5; try++) {
        if (!used && ((seen.flags & mask) != GTF_permit_access ||
                      seen.domid != user))
            return GNTST_general_error;
        if (!readonly && (seen.flags & GTF_readonly))
            return GNTST_general_error;
        new = seen;
        new.flags |= readonly ? GTF_reading : GTF_reading | GTF_writing;
        if (atomic_cmpxchg(word, &seen.raw, new.raw))
            return GNTST_okay;
    }
    return GNTST_general_error;
}

/* Takes marks back that no use stands for any more. */
static void unmark(struct grant_ref_ptrs *e)
{
    uint16_t clear = 0;

    if (!e->active->writers)
        clear = GTF_writing;
    if (!in_use(e->active))
        clear |= GTF_reading;
    if (READ_ONCE(e->entry->flags) & clear)
        (void)atomic_fetch_and(&e->entry->flags, (uint16_t)~clear);
}

/* The frame behind gfn of d, if it is d's own and may be used so, with a
 * reference. */
static bool own_frame_get(struct domain *d, uint64_t gfn_nr, bool write,
                          struct page **pg)
{
    if (guest_frame_get(d, gfn(gfn_nr), write, pg))
        return false;
    if ((*pg)->owner == d->id)
        return true;
    page_put(*pg); /* what d got from others is not d's to give */
    return false;
}

/* Finds the frame of an entry that was just marked; GNTST_*. */
static int hold_frame(struct domain *d, struct grant_ref_ptrs *e, bool write)
{
    struct grant_active *a = e->active;
    struct page *pg;

    if (!in_use(a)) {
        a->gfn = READ_ONCE(e->entry->frame);
        if (!own_frame_get(d, a->gfn, write, &pg))
            return GNTST_bad_page;
        a->mfn = (uint32_t)page_to_mfn(pg).raw;
        return GNTST_okay;
    }
    /* The first writer after readers: may it be written, and is it still
     * there? The reference is held already. */
    if (!own_frame_get(d, a->gfn, true, &pg))
        return GNTST_bad_page;
    page_put(pg);
    return page_to_mfn(pg).raw == a->mfn ? GNTST_okay : GNTST_general_error;
}

int grant_pin(struct domain *d, grant_ref_t ref, domid_t user, bool readonly,
              bool mapping, mfn_t *m)
{
    struct grant_table *t = d->grant;
    uint16_t mask = GTF_type_mask | (mapping ? GTF_sub_page : 0);
    struct grant_ref_ptrs e;
    struct grant_active *a;
    int rc = GNTST_okay;

    spin_lock(&t->lock);
    if (!entry_find(t, ref, &e)) {
        rc = GNTST_bad_gntref;
        goto out;
    }
    a = e.active;
    if (in_use(a) && (a->user != user ||
                      (readonly ? a->readers : a->writers) >= MAX_USES)) {
        rc = GNTST_general_error;
        goto out;
    }
    if (!in_use(a) || (!readonly && !a->writers)) {
        rc = mark(e.entry, in_use(a), readonly, mask, user);
        if (rc)
            goto out;
        rc = hold_frame(d, &e, !readonly);
        if (rc) {
            unmark(&e);
            goto out;
        }
    }
    a->user = user;
    if (readonly)
        a->readers++;
    else
        a->writers++;
    *m = mfn(a->mfn);
out:
    spin_unlock(&t->lock);
    return rc;
}

void grant_unpin(struct domain *d, grant_ref_t ref, bool readonly)
{
    struct grant_table *t = d->grant;
    struct grant_ref_ptrs e;
    struct page *pg = NULL;

    spin_lock(&t->lock);
    if (entry_find(t, ref, &e)) {
        if (readonly) {
            e.active->readers--;
        } else {
            e.active->writers--;
            guest_frame_dirtied(d, gfn(e.active->gfn));
        }
        if (!in_use(e.active))
            pg = mfn_to_page(mfn(e.active->mfn));
        unmark(&e);
    }
    spin_unlock(&t->lock);
    if (pg)
        page_put(pg);
}

mfn_t grant_pinned_mfn(const struct domain *d, grant_ref_t ref)
{
    /* Constant while it is pinned, as is the place of the array. */
    return mfn(d->grant->frames[ref / ENTRIES_PER_FRAME]
                   .active[ref % ENTRIES_PER_FRAME].mfn);
}

/* --- Copying. --- */

/* One end of a copy. */
struct copy_end {
    struct domain *d;    /* with a reference, unless it is the caller */
    mfn_t m;
    struct page *pg;     /* of a local frame, with a reference */
    bool by_ref, pinned;
};

static int end_domain(struct domain *d, const struct gnttab_copy_ptr *p,
                      bool by_ref, struct copy_end *e)
{
    e->by_ref = by_ref;
    if (p->domid != DOMID_SELF && !by_ref)
        return GNTST_permission_denied;
    e->d = p->domid == DOMID_SELF ? d : domain_get(p->domid);
    return e->d ? GNTST_okay : GNTST_bad_domain;
}

static int end_claim(struct domain *d, const struct gnttab_copy_ptr *p,
                     bool write, struct copy_end *e)
{
    int rc;

    if (e->by_ref) {
        rc = grant_pin(e->d, p->u.ref, d->id, !write, false, &e->m);
        e->pinned = rc == GNTST_okay;
        return rc;
    }
    if (!own_frame_get(d, p->u.gmfn, write, &e->pg)) {
        e->pg = NULL;
        return GNTST_bad_page;
    }
    e->m = page_to_mfn(e->pg);
    return GNTST_okay;
}

static void end_release(const struct gnttab_copy_ptr *p, bool write,
                        struct copy_end *e)
{
    if (e->pinned)
        grant_unpin(e->d, p->u.ref, !write);
    if (e->pg) {
        if (write)
            guest_frame_dirtied(e->d, gfn(p->u.gmfn));
        page_put(e->pg);
    }
    if (e->d && p->domid != DOMID_SELF)
        domain_put(e->d);
}

void grant_copy(struct domain *d, struct gnttab_copy *op)
{
    const struct gnttab_copy_ptr *from = &op->source, *to = &op->dest;
    struct copy_end src = { 0 }, dst = { 0 };
    int rc = GNTST_okay;

    if (!op->len)
        goto out;
    rc = end_domain(d, from, op->flags & GNTCOPY_source_gref, &src);
    if (!rc)
        rc = end_domain(d, to, op->flags & GNTCOPY_dest_gref, &dst);
    if (!rc && (from->offset + op->len > PAGE_SIZE ||
                to->offset + op->len > PAGE_SIZE))
        rc = GNTST_bad_copy_arg;
    if (!rc)
        rc = end_claim(d, from, false, &src);
    if (!rc)
        rc = end_claim(d, to, true, &dst);
    if (!rc)
        guest_frame_copy(dst.m, to->offset, src.m, from->offset, op->len);
    end_release(to, true, &dst);
    end_release(from, false, &src);
out:
    op->status = (int16_t)rc;
}

/* --- The table itself. --- */

static int frame_add(struct domain *d, struct grant_table *t)
{
    struct grant_frame *f = &t->frames[t->nr_frames];

    f->active = heap_alloc_array(ENTRIES_PER_FRAME, sizeof(*f->active));
    if (!f->active)
        return -ENOMEM;
    f->entries = domain_special_page(d, &f->pg);
    if (!f->entries) {
        heap_free(f->active);
        return -ENOMEM;
    }
    f->pg->gfn = INVALID_GFN.raw; /* the guest maps it when it likes */
    WRITE_ONCE(t->nr_frames, t->nr_frames + 1);
    return 0;
}

/* -EINVAL (beyond the limit), -ENOMEM. */
static int table_grow(struct domain *d, unsigned int nr)
{
    struct grant_table *t = d->grant;
    int rc = nr > t->max_frames ? -EINVAL : 0;

    if (rc || READ_ONCE(t->nr_frames) >= nr)
        return rc;
    spin_lock(&t->lock);
    while (!rc && t->nr_frames < nr)
        rc = frame_add(d, t);
    spin_unlock(&t->lock);
    return rc;
}

int grant_setup(struct domain *d, unsigned int nr)
{
    return table_grow(d, nr) ? GNTST_general_error : GNTST_okay;
}

int grant_frame(struct domain *d, unsigned int i, struct page **pg)
{
    struct grant_table *t = d->grant;
    int rc = i < t->max_frames ? table_grow(d, i + 1) : -EINVAL;

    if (!rc)
        *pg = t->frames[index_nospec(i, t->max_frames)].pg;
    return rc;
}

unsigned int grant_frames(const struct domain *d)
{
    return READ_ONCE(d->grant->nr_frames);
}

unsigned int grant_max_frames(const struct domain *d)
{
    return d->grant->max_frames;
}

int grant_swap(struct domain *d, grant_ref_t a, grant_ref_t b)
{
    struct grant_table *t = d->grant;
    struct grant_ref_ptrs ea, eb;
    raw_entry *pa, *pb, tmp;
    int rc = GNTST_okay;

    spin_lock(&t->lock);
    if (!entry_find(t, a, &ea) || !entry_find(t, b, &eb)) {
        rc = GNTST_bad_gntref;
    } else if (a != b && (in_use(ea.active) || in_use(eb.active))) {
        rc = GNTST_eagain;
    } else {
        pa = (raw_entry *)ea.entry;
        pb = (raw_entry *)eb.entry;
        tmp = READ_ONCE(*pa);
        WRITE_ONCE(*pa, READ_ONCE(*pb));
        WRITE_ONCE(*pb, tmp);
    }
    spin_unlock(&t->lock);
    return rc;
}

int grant_init(struct domain *d, int max_frames, int max_maptrack_frames)
{
    struct grant_table *t;
    int rc = -ENOMEM;

    if (!max_frames)
        return -EINVAL;
    if (max_frames < 0)
        max_frames = GRANT_FRAMES_DEFAULT;
    if (max_maptrack_frames < 0)
        max_maptrack_frames = MAPTRACK_FRAMES_DEFAULT;

    t = heap_alloc(sizeof(*t));
    if (!t)
        return -ENOMEM;
    spin_lock_init(&t->lock, LOCK_GRANT);
    t->max_frames = (unsigned int)MIN(max_frames, MAX_FRAMES);
    d->grant = t;
    t->frames = heap_alloc_array(t->max_frames, sizeof(*t->frames));
    if (t->frames)
        rc = maptrack_init(t, (unsigned int)max_maptrack_frames);
    /* A first frame: the toolstack writes console's and xenstore's grants. */
    if (!rc)
        rc = table_grow(d, 1);
    if (rc)
        grant_exit(d);
    return rc;
}

void grant_exit(struct domain *d)
{
    struct grant_table *t = d->grant;

    if (!t)
        return;
    for (unsigned int i = 0; i < t->nr_frames; i++) {
        domain_special_page_free(d, t->frames[i].entries, t->frames[i].pg);
        heap_free(t->frames[i].active);
    }
    heap_free(t->frames);
    maptrack_exit(t);
    heap_free(t);
    d->grant = NULL;
}
