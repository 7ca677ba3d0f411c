#include "configuration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "memory.h"
#include "pull.h"

static const char prefix[] = "config.";
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

/* d NULL: only looks whether all of it is JSON. */
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
        if (plain && d && n < KEY && !document_add_fact(d, key, text, err))
            return false;
    }
    return !json->bad && pull_end(json);
}

/* Twice, so that a file that breaks off later gives nothing. */
static bool read_file(const struct source *s, struct document *d, struct error *why,
                      struct error *err)
{
    struct pull json = { 0 };
    bool ok = source_size(s) <= LIMIT_CONFIGURATION ||
              source_fail(s, NO_OFFSET, why, ERROR_LIMIT, "larger than %" PRIu64 " bytes",
                          LIMIT_CONFIGURATION);
    ok = ok && pull_open(&json, s, 0, source_size(s), "config.json", why) && walk(&json, NULL, why);
    pull_close(&json);
    ok = ok && pull_open(&json, s, 0, source_size(s), "config.json", err) && walk(&json, d, err);
    pull_close(&json);
    return ok;
}

bool configuration_read(struct document *d, struct error *err)
{
    struct error why = { 0 }, worse = { 0 };
    char *path = source_on_disk(d->source) ? folder_beside(d->name, "config.json", err) : NULL;
    if (!path)
        return !source_on_disk(d->source);
    struct source *s = access(path, F_OK) == 0 ? source_open_file(path, &why) : NULL;
    bool ok = !s || read_file(s, d, &why, &worse);
    source_close(s);
    memory_free(path);
    if (worse.code || why.code == ERROR_MEMORY)
        return fail(err, worse.code ? worse.code : why.code, "%s",
                    worse.code ? worse.text : why.text);
    if (!ok || why.code)
        document_note(d, "config.json is broken and not used");
    return true;
}
