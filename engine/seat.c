/* Who computes a job: the device, the processor in its place, or, on "auto", whichever
 * is sooner done. */

#include "backend_front.h"
#include "pace.h"

#include <stdio.h>

/* A job shorter than that on the processor, seconds, is not worth opening a device; one of fewer
 * operations not even worth timing the processor. */
static const double worth_opening = 0.1, worth_timing = 1e9;

static bool pays(const struct backend_rates *processor, const struct backend_rates *device,
                 struct backend_work w)
{
    return device->flops > 0 &&
           w.flops / device->flops + w.bytes / device->bytes + device->latency <
               w.flops / processor->flops;
}

/* A device that leaves codes and residuals to the processor, for want of double precision, would
 * send it the whole matrix each time. */
static bool fit(const struct backend *d)
{
    return (!d->ops->software || !d->ops->software(d)) &&
           (!d->ops->offers || d->ops->offers(d, OP_RESIDUAL, DTYPE_F32));
}

/* What "auto" uses besides the processor. */
static struct backend *find_device(struct backend *front)
{
    const struct backend_ops *const *list = front->list;
    struct error ignored;
    for (front->list = NULL; !front->device && list && *list; list++) {
        struct backend *d = *list == front->ops ? NULL : (*list)->open(NULL, &ignored);
        if (!d)
            continue;
        d->ops = *list;
        d->host = d->front = front;
        if (fit(d))
            front->device = d;
        else
            d->ops->close(d);
    }
    return front->device;
}

/* Times what was not timed yet. Nothing of it is counted. */
static const struct backend_rates *rates_of(struct backend *front, struct backend *seat,
                                            enum dtype dtype)
{
    struct backend_rates *r = &seat->rates[dtype];
    struct backend_counts counts = front->counts;
    if (r->flops != 0)
        return r;
    front->seat = seat;
    if (!pace_measure(front, dtype, r))
        r->flops = -1;
    backend_release_all(front);
    front->counts = counts;
    return r;
}

/* "auto": the device that does this job sooner than the processor; NULL: none does. */
static struct backend *choose(struct backend *front, struct backend_work w)
{
    if (w.flops < worth_timing)
        return NULL;
    const struct backend_rates *processor = rates_of(front, front, w.dtype);
    if (processor->flops <= 0 || w.flops / processor->flops < worth_opening)
        return NULL;
    struct backend *d = find_device(front);
    return d && pays(processor, rates_of(front, d, w.dtype), w) ? d : NULL;
}

/* Whether a device that was open once can be used; makes it anew, the first time. */
static bool usable(struct backend *front, struct backend *device)
{
    const struct backend_ops *ops = device->ops;
    struct error why;
    if (front->given_up || !ops->lost || !ops->lost(device))
        return !front->given_up;
    fail(&why, ERROR_DEVICE, "%s was lost %s", ops->device(device),
         front->renewed ? "a second time" : "and cannot be opened anew");
    if (!front->renewed && ops->renew) {
        front->renewed = true;
        if (ops->renew(device, &why))
            return true;
    }
    snprintf(front->trouble, sizeof(front->trouble), "%s", why.text);
    front->given_up = true;
    return false;
}

void backend_begin(struct backend *b, struct backend_work work)
{
    backend_release_all(b);
    b->seat = b;
    struct backend *device = b->host ? b : choose(b, work);
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
