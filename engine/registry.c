#include "registry.h"
#include "registry_rows.h" /* METHODS(_), QUANTIZERS(_), ...: the lists in engine/meson.build */

#define DECLARE(name) extern const struct method method_##name;
#define ROW(name)     &method_##name,
METHODS(DECLARE)
const struct method *const methods[] = { METHODS(ROW) NULL };
#undef DECLARE
#undef ROW

#define DECLARE(name) extern const struct quantizer quantizer_##name;
#define ROW(name)     &quantizer_##name,
QUANTIZERS(DECLARE)
const struct quantizer *const quantizers[] = { QUANTIZERS(ROW) NULL };
const char *const quantizer_names[] = { QUANTIZER_WORDS NULL };
#undef DECLARE
#undef ROW

#define DECLARE(name) extern const struct format format_##name;
#define ROW(name)     &format_##name,
FORMATS(DECLARE)
const struct format *const formats[] = { FORMATS(ROW) NULL };
#undef DECLARE
#undef ROW

#define DECLARE(name) extern const struct backend_ops backend_##name;
#define ROW(name)     &backend_##name,
BACKENDS(DECLARE)
const struct backend_ops *const backends[] = { BACKENDS(ROW) NULL };
#undef DECLARE
#undef ROW

static bool same(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
            return false;
    return *a == *b;
}

const struct method *method_find(const char *name)
{
    for (size_t i = 0; methods[i]; i++)
        if (same(methods[i]->name, name))
            return methods[i];
    return NULL;
}

const struct quantizer *quantizer_find(const char *name)
{
    for (size_t i = 0; quantizers[i]; i++)
        if (same(quantizers[i]->name, name))
            return quantizers[i];
    return NULL;
}

const struct quantizer *quantizer_at(int index)
{
    return quantizers[index];
}
