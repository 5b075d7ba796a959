/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Error numbers of the hypercall ABI: the values of Linux on x86, as Xen uses
 * them. A hypercall returns them negated.
 *
 * EINTR and ERESTART stay inside: no guest ever sees them. ERESTART leaves the
 * instruction pointer on the hypercall so that it is issued again.
 */
#pragma once

#define EPERM           1
#define ENOENT          2
#define ESRCH           3
#define EINTR           4       /* internal */
#define EIO             5
#define ENXIO           6
#define E2BIG           7
#define ENOEXEC         8
#define EAGAIN          11
#define ENOMEM          12
#define EACCES          13
#define EFAULT          14
#define EBUSY           16
#define EEXIST          17
#define ENODEV          19
#define EINVAL          22
#define ENOSPC          28
#define EROFS           30
#define ERANGE          34
#define ENOSYS          38
#define ENODATA         61
#define EOVERFLOW       75
#define ERESTART        85      /* internal */
#define EOPNOTSUPP      95
#define ENOBUFS         105
