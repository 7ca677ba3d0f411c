#include "kept.h"

#include <string.h>

static void to_front(struct kept *k, size_t i)
{
    struct kept old = *k;
    memmove(&k->of[1], &old.of[0], i * sizeof(k->of[0]));
    memcpy(&k->of[0], &old.of[i], sizeof(k->of[0]));
}

bool kept_find(struct kept *k, const struct method *method, const struct params_any *params)
{
    for (size_t i = 0; i < KEPT; i++)
        if (k->of[i].method == method && param_equal(&method->params, &k->of[i].params, params)) {
            to_front(k, i);
            return true;
        }
    return false;
}

void kept_add(struct kept *k, const struct method *method, const struct params_any *params,
              struct approximation *a)
{
    approximation_finish(&k->of[KEPT - 1].a);
    to_front(k, KEPT - 1);
    k->of[0].a = *a;
    k->of[0].method = method;
    k->of[0].params = *params;
    *a = (struct approximation){ 0 };
}

void kept_forget(struct kept *k)
{
    for (size_t i = 0; i < KEPT; i++)
        approximation_finish(&k->of[i].a);
    *k = (struct kept){ 0 };
}
