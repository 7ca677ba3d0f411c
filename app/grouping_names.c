/* What groups and their members are called on the screen. */

#include "grouping.h"

#include <stdio.h>
#include <string.h>

#include "model.h"

void grouping_text(const struct model *m, const struct grouped *g, char *out, size_t size)
{
    size_t n = 0;
    out[0] = 0;
    for (size_t i = 0; i < g->group.n && n < size; i++) {
        char one[NAME_TEXT + 48];
        member_text(m->document, &g->group.members[i], one, sizeof(one));
        int more = snprintf(out + n, size - n, "%s%s", i ? "," : "", one);
        n += more > 0 ? (size_t)more : 0;
    }
}

/* Without ".weight": the part behind the last dot. */
static void last_part(const char *name, char *out, size_t size)
{
    static const char weight[] = ".weight";
    size_t n = strlen(name), end = n;
    if (n > sizeof(weight) && !strcmp(name + n - (sizeof(weight) - 1), weight))
        end = n - (sizeof(weight) - 1);
    size_t from = end;
    while (from > 0 && name[from - 1] != '.')
        from--;
    snprintf(out, size, "%.*s", (int)(end - from), name + from);
}

void grouping_member(const struct model *m, const struct member *member, char *out, size_t size)
{
    if (member->module != MODULE_OTHER)
        snprintf(out, size, "%s", module_names[member->module]);
    else
        last_part(m->document->entries[member->entry].name, out, size);
}

/* How far the names of all members begin alike, to the end of their layer's number. */
static size_t common_stem(const struct model *m, const struct group *g)
{
    const char *first = m->document->entries[g->members[0].entry].name;
    size_t n = family_role(first).stem;
    for (size_t i = 1; i < g->n; i++) {
        const char *name = m->document->entries[g->members[i].entry].name;
        if (family_role(name).stem != n || strncmp(name, first, n) != 0)
            return 0;
    }
    return n;
}

void grouping_name(const struct model *m, const struct grouped *g, char *out, size_t size)
{
    const struct group *group = &g->group;
    char word[NAME_TEXT];
    if (group->kind != GROUP_HAND) {
        snprintf(out, size, "%s", group->name);
        return;
    }
    size_t stem = common_stem(m, group);
    const char *first = m->document->entries[group->members[0].entry].name;
    int n = snprintf(out, size, "%.*s%s", (int)stem, first, stem ? "." : "");
    for (size_t i = 0; i < group->n && n >= 0 && (size_t)n < size; i++) {
        last_part(m->document->entries[group->members[i].entry].name, word, sizeof(word));
        n += snprintf(out + n, size - (size_t)n, "%s%s", i ? "+" : "", word);
    }
}
