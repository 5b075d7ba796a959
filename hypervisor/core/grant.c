/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Grants: the table of the granter with the entries it writes, the use that
 * others make of them, copying through them, and mappings with the handles of
 * the domain that maps.
 *
 * The granter is hostile: it may change an entry at any moment. What was
 * checked when the entry was put to use counts until it is not in use any
 * more; only GTF_readonly is looked at again when a writer joins readers.
 *
 * A mapping has a reference to the granting domain, so that unmapping needs
 * no lookup and the granter's id is not used again meanwhile. It is undone at
 * the address where it was made and nowhere else: otherwise a handle could be
 * given back while its writable mapping stays, for one that may only read.
 * An unmapped frame stays in use until grant_unmap_done() has flushed the
 * TLBs: only then may the granter see that it is free.
 *
 * Fields: (c) constant, (g) ->lock, (m) ->maptrack_lock, (a) atomic. The two
 * locks have one rank and are never held together, nor two of one kind.
 */
#include "hypervisor/core/grant.h"
#include "hypervisor/core/upcalls.h"

/* More makes no sense (2 M entries) and would make growing slow. */
#define MAX_FRAMES 4096

/* Uses of one kind of one entry. */
#define MAX_USES 0x7fff

#define PER_PAGE ((unsigned int)(PAGE_SIZE / sizeof(struct grant_mapping)))
#define NO_HANDLE (~0u)
/* The toolstack's limit is in frames of Xen's, which hold 256 mappings. */
#define PER_LIMIT_FRAME 256u
#define MAX_LIMIT_FRAMES 65536

/* In flags, beside GNTMAP_*: somebody is mapping or unmapping it. */
#define BUSY 0x8000u
#define KINDS (GNTMAP_host_map | GNTMAP_device_map)

#define ENTRIES_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))

/* An entry's use, where the guest cannot reach it. (g) */
struct grant_active {
    uint32_t mfn, gfn; /* while in use; the mfn with a reference */
    uint16_t uses[2];  /* to write it, to read it only */
    domid_t user;      /* the one domain that uses it */
};
BUILD_BUG_ON(sizeof(struct grant_active) != 16);

struct grant_frame {
    struct grant_entry_v1 *entries; /* special page of the domain */
    struct page *pg;
    struct grant_active *active;    /* ENTRIES_PER_FRAME */
};

/* A mapping, known by its handle: its place in the array. */
struct grant_mapping {
    struct domain *granter; /* with a reference */
    gfn_t gfn;              /* where, if GNTMAP_host_map */
    mfn_t mfn;              /* what */
    grant_ref_t ref;        /* (m) when free: the next free handle */
    uint16_t flags;         /* (a) GNTMAP_*, BUSY; 0: free */
};

struct grant_table {
    struct spinlock lock;          /* rank GRANT */
    struct spinlock maptrack_lock; /* rank GRANT */
    unsigned int max_frames;       /* (c) */
    unsigned int max_handles;      /* (c) */
    unsigned int nr_frames;        /* (g) written, (a) */
    unsigned int nr_handles;       /* (m) written, (a): used at some time */
    grant_handle_t free_handle;    /* (m) head of the list */
    grant_handle_t relinquish_next; /* where grant_relinquish() goes on */
    struct grant_frame *frames;    /* (c) the first nr_frames */
    struct grant_mapping **maptrack; /* (c) pages, as far as nr_handles */
};

/* The first word of an entry, which changes as a whole: flags, and the domid
 * from bit 16 on; all of it. */
typedef uint32_t __attribute__((may_alias)) raw_word;
typedef uint64_t __attribute__((may_alias)) raw_entry;

static bool in_use(const struct grant_active *a)
{
    return a->uses[false] || a->uses[true];
}

/* The use of entry `ref`, which is in *e; NULL if the table has no such entry.
 * Lock GRANT. */
static struct grant_active *entry_find(const struct grant_table *t,
                                       grant_ref_t ref,
                                       struct grant_entry_v1 **e)
{
    size_t n = t->nr_frames * ENTRIES_PER_FRAME, i = index_nospec(ref, n);
    const struct grant_frame *f = &t->frames[i / ENTRIES_PER_FRAME];

    *e = &f->entries[i % ENTRIES_PER_FRAME];
    return ref < n ? &f->active[i % ENTRIES_PER_FRAME] : NULL;
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
    const uint32_t marks = readonly ? GTF_reading : GTF_reading | GTF_writing;
    raw_word *word = (raw_word *)entry;
    uint32_t seen = READ_ONCE(*word);

    for (unsigned int try = 0; try < 5; try++) {
        if (!used && ((seen & mask) != GTF_permit_access || seen >> 16 != user))
            break;
        if (!readonly && (seen & GTF_readonly))
            break;
        if (atomic_cmpxchg(word, &seen, seen | marks))
            return GNTST_okay;
    }
    return GNTST_general_error;
}

/* Takes marks back that no use stands for any more. */
static void unmark(struct grant_entry_v1 *e, const struct grant_active *a)
{
    uint16_t clear = (a->uses[false] ? 0 : GTF_writing) |
                     (in_use(a) ? 0 : GTF_reading);

    if (READ_ONCE(e->flags) & clear)
        (void)atomic_fetch_and(&e->flags, (uint16_t)~clear);
}

/* The frame behind gfn of d, if it is d's own and may be used so, with a
 * reference; or NULL. */
static struct page *own_frame_get(struct domain *d, uint64_t gfn_nr, bool write)
{
    struct page *pg;

    if (guest_frame_get(d, gfn(gfn_nr), write, &pg))
        return NULL;
    if (pg->owner == d->id)
        return pg;
    page_put(pg); /* what d got from others is not d's to give */
    return NULL;
}

/* An entry is used for the first time, or for the first time to be written:
 * marks it and finds its frame; GNTST_*. */
static int begin_use(struct domain *d, struct grant_entry_v1 *e,
                     struct grant_active *a, domid_t user, bool readonly,
                     uint16_t mask)
{
    bool used = in_use(a);
    struct page *pg;
    int rc = mark(e, used, readonly, mask, user);

    if (rc)
        return rc;
    if (!used)
        a->gfn = READ_ONCE(e->frame);
    pg = own_frame_get(d, a->gfn, !readonly);
    if (!pg) {
        rc = GNTST_bad_page;
    } else if (!used) {
        a->mfn = (uint32_t)page_to_mfn(pg).raw;
    } else {
        /* It may be written; is it still there? The reference is held. */
        page_put(pg);
        if (page_to_mfn(pg).raw != a->mfn)
            rc = GNTST_general_error;
    }
    if (rc)
        unmark(e, a);
    return rc;
}

/*
 * Puts entry `ref` of d to use for domain `user`: checks it, marks it as
 * read or written in the guest's table, takes a reference to the frame.
 * GNTST_*; *pg is the frame. mapping: rather than copying.
 */
static int grant_pin(struct domain *d, grant_ref_t ref, domid_t user,
                     bool readonly, bool mapping, struct page **pg)
{
    struct grant_table *t = d->grant;
    uint16_t mask = GTF_type_mask | (mapping ? GTF_sub_page : 0);
    struct grant_entry_v1 *e;
    int rc = GNTST_okay;

    spin_lock(&t->lock);
    struct grant_active *a = entry_find(t, ref, &e);
    if (!a)
        rc = GNTST_bad_gntref;
    else if (in_use(a) && (a->user != user || a->uses[readonly] >= MAX_USES))
        rc = GNTST_general_error;
    else if (!in_use(a) || (!readonly && !a->uses[readonly]))
        rc = begin_use(d, e, a, user, readonly, mask);
    if (!rc) {
        a->user = user;
        a->uses[readonly]++;
        *pg = mfn_to_page(mfn(a->mfn));
    }
    spin_unlock(&t->lock);
    return rc;
}

/* Ends one such use. */
static void grant_unpin(struct domain *d, grant_ref_t ref, bool readonly)
{
    struct grant_table *t = d->grant;
    struct grant_entry_v1 *e;

    spin_lock(&t->lock);
    /* There is one: it was pinned. */
    struct grant_active *a = entry_find(t, ref, &e);
    a->uses[readonly]--;
    if (!readonly)
        guest_frame_dirtied(d, gfn(a->gfn));
    unmark(e, a);
    if (!in_use(a))
        page_put(mfn_to_page(mfn(a->mfn)));
    spin_unlock(&t->lock);
}

/* --- Copying. --- */

/* One end of a copy. */
struct copy_end {
    const struct gnttab_copy_ptr *p;
    bool by_ref, write;
    struct domain *d;    /* with a reference, unless it is the caller */
    struct page *pg;     /* pinned by_ref, else with a reference; NULL: not */
};

static int end_domain(struct domain *d, struct copy_end *e)
{
    if (e->p->domid != DOMID_SELF && !e->by_ref)
        return GNTST_permission_denied;
    e->d = e->p->domid == DOMID_SELF ? d : domain_get(e->p->domid);
    return e->d ? GNTST_okay : GNTST_bad_domain;
}

static int end_claim(struct domain *d, struct copy_end *e)
{
    if (e->by_ref)
        return grant_pin(e->d, e->p->u.ref, d->id, !e->write, false, &e->pg);
    e->pg = own_frame_get(d, e->p->u.gmfn, e->write);
    return e->pg ? GNTST_okay : GNTST_bad_page;
}

static void end_release(struct copy_end *e)
{
    if (e->pg && e->by_ref) {
        grant_unpin(e->d, e->p->u.ref, !e->write);
    } else if (e->pg) {
        if (e->write)
            guest_frame_dirtied(e->d, gfn(e->p->u.gmfn));
        page_put(e->pg);
    }
    if (e->d && e->p->domid != DOMID_SELF)
        domain_put(e->d);
}

int grant_copy(struct domain *d, const struct gnttab_copy *op)
{
    struct copy_end from = {
        .p = &op->source, .by_ref = op->flags & GNTCOPY_source_gref,
    };
    struct copy_end to = {
        .p = &op->dest, .by_ref = op->flags & GNTCOPY_dest_gref, .write = true,
    };
    unsigned int from_at = op->source.offset, to_at = op->dest.offset;
    int rc;

    if (!op->len)
        return GNTST_okay;
    rc = end_domain(d, &from);
    if (!rc)
        rc = end_domain(d, &to);
    if (!rc && MAX(from_at, to_at) + op->len > PAGE_SIZE)
        rc = GNTST_bad_copy_arg;
    if (!rc)
        rc = end_claim(d, &from);
    if (!rc)
        rc = end_claim(d, &to);
    if (!rc)
        guest_frame_copy(page_to_mfn(to.pg), to_at, page_to_mfn(from.pg),
                         from_at, op->len);
    end_release(&to);
    end_release(&from);
    return rc;
}

/* --- Mapping. --- */

/* The mapping with an existing handle. */
static struct grant_mapping *mapping_at(const struct grant_table *t,
                                        grant_handle_t h)
{
    return &t->maptrack[h / PER_PAGE][h % PER_PAGE];
}

/* One that was given back, or the next; NO_HANDLE: no memory, or the limit. */
static grant_handle_t handle_alloc(struct grant_table *t)
{
    grant_handle_t h;

    spin_lock(&t->maptrack_lock);
    h = t->free_handle;
    if (h != NO_HANDLE) {
        t->free_handle = mapping_at(t, h)->ref;
    } else if (t->nr_handles < t->max_handles) {
        struct grant_mapping **page = &t->maptrack[t->nr_handles / PER_PAGE];

        if (!*page)
            *page = heap_alloc(PAGE_SIZE);
        if (*page) {
            h = t->nr_handles;
            store_release(&t->nr_handles, h + 1);
        }
    }
    spin_unlock(&t->maptrack_lock);
    return h;
}

static void handle_free(struct grant_table *t, grant_handle_t h)
{
    struct grant_mapping *mp = mapping_at(t, h);

    spin_lock(&t->maptrack_lock);
    mp->ref = t->free_handle;
    store_release(&mp->flags, 0);
    t->free_handle = h;
    spin_unlock(&t->maptrack_lock);
}

/* Ends the use that a mapping made, which no TLB has any more. */
static void mapping_end(struct grant_table *t, grant_handle_t h)
{
    const struct grant_mapping *mp = mapping_at(t, h);
    struct domain *granter = mp->granter;

    grant_unpin(granter, mp->ref, mp->flags & GNTMAP_readonly);
    handle_free(t, h);
    domain_put(granter);
}

int grant_map(struct domain *d, struct gnttab_map_grant_ref *op)
{
    /* Domain 0's devices reach frames by their machine addresses. */
    uint32_t allowed = GNTMAP_host_map | GNTMAP_readonly |
                       (d->privileged ? GNTMAP_device_map : 0);
    bool readonly = op->flags & GNTMAP_readonly;
    gfn_t gfn = gpa_to_gfn(gpa(op->host_addr));
    struct grant_table *t = d->grant;
    struct domain *granter;
    int rc = GNTST_no_space;
    grant_handle_t h;
    struct page *pg;

    if (!(op->flags & KINDS))
        return GNTST_bad_gntref;
    if (op->flags & ~allowed)
        return GNTST_general_error;
    granter = op->dom < DOMID_FIRST_RESERVED ? domain_get(op->dom) : NULL;
    if (!granter)
        return GNTST_bad_domain;
    h = handle_alloc(t);
    if (h != NO_HANDLE) {
        rc = grant_pin(granter, op->ref, d->id, readonly, true, &pg);
        if (rc)
            handle_free(t, h);
    }
    if (rc) {
        domain_put(granter);
        return rc;
    }
    mfn_t m = page_to_mfn(pg);
    struct grant_mapping *mp = mapping_at(t, h);
    *mp = (struct grant_mapping){
        .granter = granter, .gfn = gfn, .mfn = m, .ref = op->ref,
        .flags = (uint16_t)(op->flags | BUSY), /* not usable yet */
    };
    if ((op->flags & GNTMAP_host_map) && guest_grant_map(d, gfn, m, readonly)) {
        mapping_end(t, h);
        return GNTST_general_error;
    }
    store_release(&mp->flags, (uint16_t)op->flags); /* from here on */
    op->handle = h;
    op->dev_bus_addr = mfn_to_maddr(m);
    return GNTST_okay;
}

int grant_unmap(struct domain *d, const struct gnttab_unmap_grant_ref *op,
                struct grant_unmaps *batch)
{
    struct grant_table *t = d->grant;
    unsigned int nr = load_acquire(&t->nr_handles);
    int rc = GNTST_okay;

    if (op->handle >= nr)
        return GNTST_bad_handle;
    struct grant_mapping *mp =
        mapping_at(t, (grant_handle_t)index_nospec(op->handle, nr));
    /* Marked, so that nobody else touches it. */
    uint16_t flags = load_acquire(&mp->flags);
    if (!flags || (flags & BUSY) ||
        !atomic_cmpxchg(&mp->flags, &flags, flags | BUSY))
        return GNTST_bad_handle;
    bool host = op->host_addr && (flags & GNTMAP_host_map);
    bool device = op->dev_bus_addr && (flags & GNTMAP_device_map);

    if (device && op->dev_bus_addr != mfn_to_maddr(mp->mfn)) {
        rc = GNTST_bad_dev_addr;
    } else if (host && (!gfn_eq(gpa_to_gfn(gpa(op->host_addr)), mp->gfn) ||
                        guest_grant_unmap(d, mp->gfn, mp->mfn))) {
        rc = GNTST_general_error;
    } else {
        flags &= (uint16_t)~((host ? GNTMAP_host_map : 0) |
                             (device ? GNTMAP_device_map : 0));
        batch->flush |= host || device;
    }
    if (flags & KINDS) {
        store_release(&mp->flags, flags);
        return rc;
    }
    if (batch->nr == GRANT_UNMAP_BATCH)
        grant_unmap_done(d, batch); /* flushes this one, too */
    batch->handles[batch->nr++] = op->handle;
    return rc;
}

void grant_unmap_done(struct domain *d, struct grant_unmaps *batch)
{
    if (batch->flush)
        guest_grant_flush(d);
    for (unsigned int i = 0; i < batch->nr; i++)
        mapping_end(d->grant, batch->handles[i]);
    batch->nr = 0;
    batch->flush = false;
}

int grant_relinquish(struct domain *d)
{
    struct grant_table *t = d->grant;

    while (t->relinquish_next < t->nr_handles) {
        grant_handle_t h = t->relinquish_next++;

        if (mapping_at(t, h)->flags)
            mapping_end(t, h);
        if (h % 64 == 63 && vcpu_preempt_wanted())
            return -ERESTART;
    }
    return 0;
}

/* --- The table itself. --- */

static int frame_add(struct domain *d, struct grant_table *t)
{
    struct grant_frame *f = &t->frames[t->nr_frames];

    f->active = heap_alloc_array(ENTRIES_PER_FRAME, sizeof(*f->active));
    f->entries = f->active ? domain_special_page(d, &f->pg) : NULL;
    if (!f->entries) {
        heap_free(f->active);
        return -ENOMEM;
    }
    f->pg->gfn = INVALID_GFN.raw; /* the guest maps it when it likes */
    WRITE_ONCE(t->nr_frames, t->nr_frames + 1);
    return 0;
}

int grant_grow(struct domain *d, unsigned int nr)
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

int grant_frame(struct domain *d, unsigned int i, struct page **pg)
{
    struct grant_table *t = d->grant;
    int rc = i < t->max_frames ? grant_grow(d, i + 1) : -EINVAL;

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
    struct grant_active *use_a, *use_b;
    struct grant_entry_v1 *ea, *eb;
    int rc = GNTST_okay;

    spin_lock(&t->lock);
    use_a = entry_find(t, a, &ea);
    use_b = entry_find(t, b, &eb);
    if (!use_a || !use_b) {
        rc = GNTST_bad_gntref;
    } else if (a != b && (in_use(use_a) || in_use(use_b))) {
        rc = GNTST_eagain;
    } else {
        raw_entry *pa = (raw_entry *)ea, *pb = (raw_entry *)eb;
        raw_entry tmp = READ_ONCE(*pa);

        WRITE_ONCE(*pa, READ_ONCE(*pb));
        WRITE_ONCE(*pb, tmp);
    }
    spin_unlock(&t->lock);
    return rc;
}

int grant_init(struct domain *d)
{
    struct grant_table *t = heap_alloc(sizeof(*t));
    const int frames = d->config.max_grant_frames;
    const int maptrack = d->config.max_maptrack_frames;

    if (!t)
        return -ENOMEM;
    d->grant = t;
    *t = (struct grant_table){
        .lock = SPINLOCK_INIT(GRANT), .maptrack_lock = SPINLOCK_INIT(GRANT),
        .max_frames = frames < 0 ? GRANT_FRAMES_DEFAULT
                                 : (unsigned int)MIN(frames, MAX_FRAMES),
        .max_handles = PER_LIMIT_FRAME *
                       (maptrack < 0 ? MAPTRACK_FRAMES_DEFAULT
                            : (unsigned int)MIN(maptrack, MAX_LIMIT_FRAMES)),
        .free_handle = NO_HANDLE,
    };
    t->frames = heap_alloc_array(t->max_frames, sizeof(*t->frames));
    t->maptrack = heap_alloc_array(t->max_handles / PER_PAGE + 1,
                                   sizeof(*t->maptrack));
    /* A first frame: the toolstack writes console's and xenstore's grants. */
    return t->frames && t->maptrack ? grant_grow(d, 1) : -ENOMEM;
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
    for (unsigned int i = 0; i * PER_PAGE < t->nr_handles; i++)
        heap_free(t->maptrack[i]);
    heap_free(t->maptrack);
    heap_free(t);
    d->grant = NULL;
}
