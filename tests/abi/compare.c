/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compares hypervisor/abi with libxen-dev, fact by fact.
 *
 *   abi-compare XEN32 XEN32-COMPAT WIDE
 *
 * XEN32 and XEN32-COMPAT are the tables of raw.c. WIDE lists the types whose
 * layout depends on the caller's width and that no 32-bit caller may use; any
 * other such type needs a compat_ twin.
 *
 * Prints each difference and exits with 1, or prints how many facts agree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/abi/facts.h"

static unsigned int differences;

static void differ(const struct fact *f, const char *whose,
                   uint64_t a, uint64_t b)
{
    const bool constant = f->type[0] == '\0';

    differences++;
    if (constant)
        printf("%s: ours is %#llx, %s has %#llx\n", f->text,
               (unsigned long long)f->a, whose, (unsigned long long)a);
    else
        printf("%s: ours at %llu, %llu bytes; %s at %llu, %llu bytes\n",
               f->text, (unsigned long long)f->a, (unsigned long long)f->b,
               whose, (unsigned long long)a, (unsigned long long)b);
    if (constant && f->a == a)
        printf("    of another type\n");
}

static size_t compare_native(void)
{
    if (nr_facts_ours != nr_facts_xen) {
        printf("the tables have different lengths\n");
        exit(1);
    }
    for (size_t i = 0; i < nr_facts_ours; i++) {
        const struct fact *f = &facts_ours[i], *x = &facts_xen[i];

        if (f->a != x->a || f->b != x->b) {
            differ(f, "Xen", x->a, x->b);
        } else if (f->image && memcmp(f->image, x->image, f->a)) {
            differences++;
            printf("%s: the bit-field is elsewhere\n", f->text);
        }
    }
    return nr_facts_ours;
}

static struct raw_fact *read_raw(const char *path, size_t count)
{
    struct raw_fact *raw = calloc(count + 1, sizeof(*raw));
    FILE *in = fopen(path, "rb");

    if (!raw || !in || fread(raw, sizeof(*raw), count + 1, in) != count) {
        fprintf(stderr, "%s: not a table of %zu facts\n", path, count);
        exit(1);
    }
    fclose(in);
    return raw;
}

static size_t compare_compat(const char *path)
{
    struct raw_fact *raw = read_raw(path, nr_facts_compat);
    size_t compared = 0;

    for (size_t i = 0; i < nr_facts_compat; i++) {
        const struct fact *f = &facts_compat[i];

        if (f->type[0] == '\0')
            continue;
        compared++;
        if (f->a != raw[i].a || f->b != raw[i].b)
            differ(f, "32-bit Xen", raw[i].a, raw[i].b);
    }
    free(raw);
    return compared;
}

/* "struct x" has a twin if the compat list gives the size of its twin. */
static bool has_twin(const char *type)
{
    const char *tag = strchr(type, ' ');
    char text[160];

    if (!tag)
        return false;
    snprintf(text, sizeof(text), "SIZE(%.*s COMPAT(%s))",
             (int)(tag - type), type, tag + 1);
    for (size_t i = 0; i < nr_facts_compat; i++)
        if (strcmp(facts_compat[i].text, text) == 0)
            return true;
    return false;
}

/* The types of wide.txt, each of which must turn out to be needed. */
static struct {
    char type[80];
    bool used;
} wide[100];
static size_t nr_wide;

static void read_wide(const char *path)
{
    FILE *in = fopen(path, "r");
    char line[200];

    if (!in) {
        perror(path);
        exit(1);
    }
    while (fgets(line, sizeof(line), in)) {
        size_t n = strcspn(line, "#\n");

        while (n && line[n - 1] == ' ')
            n--;
        if (!n)
            continue;
        if (nr_wide == sizeof(wide) / sizeof(wide[0]) ||
            n >= sizeof(wide[0].type)) {
            fprintf(stderr, "%s: too long\n", path);
            exit(1);
        }
        memcpy(wide[nr_wide++].type, line, n);
    }
    fclose(in);
}

static bool is_wide(const char *type)
{
    for (size_t i = 0; i < nr_wide; i++)
        if (strcmp(wide[i].type, type) == 0)
            return wide[i].used = true;
    return false;
}

static void check_width(const char *path)
{
    struct raw_fact *raw = read_raw(path, nr_facts_ours);
    const char *last = "";

    for (size_t i = 0; i < nr_facts_ours; i++) {
        const struct fact *f = &facts_ours[i];

        if (f->type[0] == '\0' || f->image || strcmp(f->type, last) == 0 ||
            (f->a == raw[i].a && f->b == raw[i].b))
            continue;
        last = f->type;
        if (has_twin(f->type) || is_wide(f->type))
            continue;
        differences++;
        printf("%s: another layout for 32-bit callers, no compat_ twin\n",
               f->type);
    }
    for (size_t i = 0; i < nr_wide; i++) {
        if (wide[i].used)
            continue;
        differences++;
        printf("%s: listed as wide, but is not\n", wide[i].type);
    }
    free(raw);
}

int main(int argc, char **argv)
{
    size_t count;

    if (argc != 4) {
        fprintf(stderr, "usage: abi-compare XEN32 XEN32-COMPAT WIDE\n");
        return 2;
    }
    count = compare_native();
    count += compare_compat(argv[2]);
    read_wide(argv[3]);
    check_width(argv[1]);
    if (differences) {
        printf("%u differences in %zu facts\n", differences, count);
        return 1;
    }
    printf("ok %zu facts, 0 differences\n", count);
    return 0;
}
