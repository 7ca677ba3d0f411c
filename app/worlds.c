#include "worlds.h"

#include <stdio.h>
#include <string.h>

#include "model.h"
#include "view.h"

const char *const world_names[] = { "sandbox", "release", "explore", NULL };

bool worlds_away(const struct model *m)
{
    return m->worlds.world != WORLD_SANDBOX && !strcmp(m->view->name, "privacy");
}

bool worlds_in_sandbox(const struct model *m)
{
    return m->worlds.world == WORLD_SANDBOX;
}

bool worlds_in_release(const struct model *m)
{
    return m->worlds.world == WORLD_RELEASE;
}

bool worlds_in_explore(const struct model *m)
{
    return m->worlds.world == WORLD_EXPLORE;
}

/* The longest that fits; the last of each always does. */
static const char *const badges[][3] = {
    [WORLD_SANDBOX] = { "SANDBOX: simulated, not private", "SANDBOX not private", "SANDBOX" },
    [WORLD_RELEASE] = { "RELEASE: nothing is drawn before you confirm", "RELEASE: confirm",
                        "RELEASE" },
    [WORLD_EXPLORE] = { "EXPLORE: of what was released, free", "EXPLORE: free", "EXPLORE" },
};

void worlds_badge(const struct model *m, int width, char *out, size_t size)
{
    const char *const *texts = badges[m->worlds.world];
    int i = 0;
    while (i < 2 && canvas_text_width(texts[i]) > width)
        i++;
    snprintf(out, size, "%s", texts[i]);
}
