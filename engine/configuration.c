#include "configuration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "memory.h"
#include "names.h"
#include "pull.h"

static const char prefix[] = CONFIGURATION_PREFIX;
enum { KEY = 200, NUMBER = 64 };

/* One value, whatever it is; true with its text where it is plain. */
static bool plain_value(struct pull *json, char *text, size_t size)
{
    enum pull_kind kind = pull_next(json);
    size_t n;
    bool whole;
    if (kind == PULL_TEXT)
        return pull_text(json, text, size, &n);
    if (kind == PULL_NUMBER)
        return pull_number(json, text, NUMBER, &whole);
    snprintf(text, size, "%s", kind == PULL_TRUE ? "true" : "false");
    return pull_skip(json) && (kind == PULL_TRUE || kind == PULL_FALSE);
}

static bool walk(struct pull *json, struct document *d, struct error *err)
{
    char key[sizeof(prefix) + KEY], text[DOCUMENT_FACT + 1];
    size_t n;
    memcpy(key, prefix, sizeof(prefix));
    if (pull_next(json) != PULL_OBJECT)
        return json->bad ? false
                         : source_fail(json->source, json->at, err, ERROR_FORMAT, "no JSON object");
    pull_object(json);
    while (pull_key(json, key + sizeof(prefix) - 1, KEY, &n)) {
        bool plain = plain_value(json, text, sizeof(text));
        if (plain && n < KEY && !document_add_fact(d, key, text, err))
            return false;
    }
    return !json->bad && pull_end(json);
}

/* RFC 8259 leaves open which of two counts. */
static bool check_keys(const struct source *s, const struct document *d, struct error *err)
{
    const char **keys = memory_alloc((d->n_facts + 1) * sizeof(*keys), err);
    for (size_t i = 0; keys && i < d->n_facts; i++)
        keys[i] = d->facts[i].key;
    const char *twice = keys ? names_twice(keys, d->n_facts) : NULL;
    memory_free(keys);
    return keys && (!twice || source_fail(s, NO_OFFSET, err, ERROR_FORMAT,
                                          "the key '%s' stands there twice", twice));
}

static bool read_file(const struct source *s, struct document *found, struct error *err)
{
    struct pull json = { 0 };
    bool ok = source_size(s) <= LIMIT_CONFIGURATION ||
              source_fail(s, NO_OFFSET, err, ERROR_LIMIT, "larger than %" PRIu64 " bytes",
                          LIMIT_CONFIGURATION);
    ok = ok && pull_open(&json, s, 0, source_size(s), "config.json", err) &&
         walk(&json, found, err);
    pull_close(&json);
    return ok && check_keys(s, found, err);
}

/* Through facts of their own, so that a file that breaks off later gives nothing. */
static bool take_file(struct document *d, const struct source *s, bool left, struct error *why,
                      struct error *err)
{
    struct document found = { 0 };
    bool read = read_file(s, &found, why), ok = true;
    for (size_t i = 0; read && ok && i < found.n_facts; i++)
        ok = document_add_fact(d, found.facts[i].key, found.facts[i].value, err);
    if (read)
        d->unlisted += found.unlisted;
    if (read && left)
        document_note(d, "config.json is a link to another folder");
    document_free_facts(found.facts, found.n_facts);
    return ok;
}

bool configuration_read(struct document *d, struct error *err)
{
    struct error why = { 0 };
    char *path = source_on_disk(d->source) ? folder_beside(d->name, "config.json", err) : NULL;
    if (!path)
        return !source_on_disk(d->source);
    struct source *s = access(path, F_OK) == 0 ? source_open_file(path, &why) : NULL;
    bool ok = !s || take_file(d, s, folder_left(path), &why, err);
    source_close(s);
    memory_free(path);
    if (why.code == ERROR_MEMORY)
        return fail(err, why.code, "%s", why.text);
    if (why.code)
        document_note(d, "config.json is broken and not used");
    return ok;
}
