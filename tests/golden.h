#pragma once

/* A screen as text, held against tests/screens/NAME.txt. UPDATE_SCREENS=1 rewrites it; look at the
 * difference before you commit it. For tests that have one source. */

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "frame.h"
#include "view.h"

static char golden_got[1 << 17], golden_want[1 << 17];

static inline const char *golden_screen(struct model *m, int width, int height, bool unicode)
{
    struct grid g = { 0 };
    FILE *out = fmemopen(golden_got, sizeof(golden_got), "w");
    m->width = width;
    m->height = height;
    m->unicode = unicode;
    if (grid_init(&g, width, height))
        view_draw(m, grid_canvas(&g, unicode));
    frame_print(&g, TERM_MONO, SCHEME_DARK, unicode, out);
    fclose(out);
    grid_finish(&g);
    return golden_got;
}

/* The first line in which they differ, as a hint. */
static inline void golden_tell(const char *name)
{
    const char *a = golden_got, *b = golden_want;
    int line = 1;
    for (; *a && *a == *b; a++, b++)
        line += *a == '\n';
    while (a > golden_got && a[-1] != '\n')
        a--;
    while (b > golden_want && b[-1] != '\n')
        b--;
    printf("# %s line %d\n# got  %.*s\n# want %.*s\n", name, line, (int)strcspn(a, "\n"), a,
           (int)strcspn(b, "\n"), b);
}

static inline void golden_check(struct model *m, const char *name, int width, int height,
                                bool unicode)
{
    char path[512];
    size_t n = 0;
    golden_screen(m, width, height, unicode);
    snprintf(path, sizeof(path), SCREENS "/%s.txt", name);
    FILE *file = getenv("UPDATE_SCREENS") ? fopen(path, "w") : NULL;
    if (file) {
        fputs(golden_got, file);
        fclose(file);
    }
    file = fopen(path, "r");
    if (file) {
        n = fread(golden_want, 1, sizeof(golden_want) - 1, file);
        fclose(file);
    }
    golden_want[n] = 0;
    bool same = strcmp(golden_got, golden_want) == 0;
    if (!same)
        golden_tell(name);
    check_that(same, name, __FILE__, __LINE__);
}
