/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host tests' checks. A test is a program: every failed check prints its place and the values, and the program's status is 1.
 * Must stay usable by freestanding-style sources: it brings in stdio and stdlib only.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>

extern unsigned int test_checks, test_failures;

/* Defines the counters; once in each test program. */
#define TEST_PROGRAM unsigned int test_checks, test_failures

#define CHECK(cond)                                                          \
    do {                                                                     \
        test_checks++;                                                       \
        if (!(cond)) {                                                       \
            test_failures++;                                                 \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__,     \
                    #cond);                                                  \
        }                                                                    \
    } while (0)

#define CHECK_EQ(got, want)                                                  \
    do {                                                                     \
        unsigned long long got_ = (unsigned long long)(got);                 \
        unsigned long long want_ = (unsigned long long)(want);               \
        test_checks++;                                                       \
        if (got_ != want_) {                                                 \
            test_failures++;                                                 \
            fprintf(stderr, "%s:%d: %s is %#llx, expected %#llx (%s)\n",     \
                    __FILE__, __LINE__, #got, got_, want_, #want);           \
        }                                                                    \
    } while (0)

/* The status of main(): prints the number of checks, fails if none ran. */
static inline int test_result(void)
{
    if (test_failures || !test_checks) {
        fprintf(stderr, "%u of %u checks failed\n", test_failures,
                test_checks);
        return 1;
    }
    printf("ok %u checks\n", test_checks);
    return 0;
}
