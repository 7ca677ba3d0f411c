/* Who computes a job: the device, the processor in its place, or, on "auto", whichever
 * is sooner done. */

#include "backend_front.h"

#include <stdio.h>

struct backend *backend_auto(const struct backend_ops *const *list, struct error *err)
{
    (void)list;
    struct backend *b = backend_open("cpu", NULL, err);
    if (b)
        b->automatic = true;
    return b;
}

/* Whether a device that was open once can be used; makes it anew, the first time. */
static bool usable(struct backend *front, struct backend *device)
{
    const struct backend_ops *ops = device->ops;
    struct error why = { 0 };
    if (front->given_up || !ops->lost || !ops->lost(device))
        return !front->given_up;
    if (!front->renewed && ops->renew) {
        front->renewed = true;
        if (ops->renew(device, &why))
            return true;
        snprintf(front->trouble, sizeof(front->trouble), "%s", why.text);
    }
    front->given_up = true;
    return false;
}

void backend_begin(struct backend *b, struct backend_work work)
{
    struct backend *device = b->host ? b : NULL;
    (void)work;
    backend_release_all(b);
    b->before = b->counts;
    b->standing_in = device && !usable(b, device);
    b->seat = !device ? b : b->standing_in ? device->host : device;
}

bool backend_stand_in(struct backend *b, const struct error *why)
{
    if (!b->seat->host)
        return false;
    snprintf(b->trouble, sizeof(b->trouble), "%s", why->text);
    backend_release_all(b);
    b->counts = b->before;
    b->seat = b->seat->host;
    b->standing_in = true;
    return true;
}

const char *backend_trouble(const struct backend *b)
{
    return b->trouble;
}
