/* SPDX-License-Identifier: GPL-2.0-only */
/* What the hypercalls expect from start/. */
#pragma once

extern char lodge_command_line[1024]; /* (c) as the loader passed it */
