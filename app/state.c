#include "state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "scan.h"

enum { PATH_MOST = 4096 };

/* The folder that holds a path's last part, with all above it. */
static bool make_folders(const char *path, struct error *err)
{
    char folder[PATH_MOST];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
        if (mkdir(folder, 0700) && errno != EEXIST)
            return fail(err, ERROR_WRITE, "%s: %s", folder, strerror(errno));
    }
    return true;
}

bool state_path(const char *name, bool make, char *out, size_t size, struct error *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME"), *below = "";
    if (!state || state[0] != '/') { /* as its specification says of relative ones */
        state = home;
        below = "/.local/state";
    }
    if (!state || !*state)
        return fail(err, ERROR_READ, "neither XDG_STATE_HOME nor HOME says where %s lies", name);
    int n = snprintf(out, size, "%s%s/eigenscope/%s", state, below, name);
    if (n < 0 || (size_t)n >= size || n >= PATH_MOST)
        return fail(err, ERROR_READ, "the path of %s is too long", name);
    return !make || make_folders(out, err);
}

bool state_scan(const struct document *d, bool make, char *out, size_t size, struct error *err)
{
    uint64_t identity = scan_identity(d);
    char name[40];
    out[0] = 0;
    if (!identity)
        return true;
    snprintf(name, sizeof(name), "scans/%016" PRIx64 ".scan", identity);
    return state_path(name, make, out, size, err);
}
