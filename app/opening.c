#include "opening.h"

#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "model.h"

static void clear(struct opening *o)
{
    unsigned long wishes = o->wishes;
    memory_free(o->rest);
    *o = (struct opening){ .wishes = wishes };
}

bool opening_wish(struct model *m, const char *name, struct error *err)
{
    struct opening *o = &m->opening;
    if (strlen(name) >= sizeof(o->name))
        return fail(err, ERROR_USAGE, "a file's name is no longer than %zu bytes",
                    sizeof(o->name) - 1);
    if (!selection_probe(name, err))
        return false;
    clear(o);
    o->state = OPENING_WANTED;
    o->wishes++;
    snprintf(o->name, sizeof(o->name), "%s", name);
    return true;
}

bool opening_waits(const struct model *m)
{
    return m->opening.state != OPENING_NOT;
}

void opening_drop(struct model *m)
{
    clear(&m->opening);
}

void opening_request(struct model *m, struct request *out)
{
    m->opening.state = OPENING_OUT;
    m->opening.serial = out->serial;
    memcpy(out->path, m->opening.name, sizeof(out->path));
}

void opening_accept(struct model *m, struct outcome *o)
{
    struct opening *w = &m->opening;
    if (w->state != OPENING_OUT || w->serial != o->serial) /* of a wish that is gone */
        return;
    w->state = OPENING_ENDED;
    w->error = (struct error){ 0 };
    if (o->ok) {
        struct opening kept = *w;
        m->opening = (struct opening){ 0 }; /* the wish goes on; model_open ends others */
        model_open(m, o->document, o->entry);
        m->opening = kept;
        m->message[0] = 0;
    } else {
        w->error = o->error;
    }
}

bool opening_go_on(struct model *m, struct error *err)
{
    struct opening o = m->opening;
    bool failed = o.error.code != ERROR_NONE, ok = !failed || !o.first;
    m->opening = (struct opening){ .wishes = o.wishes }; /* `then` may wish again */
    if (failed)
        *err = o.error;
    if (failed && ok)
        model_say(m, true, "%s", o.error.text);
    if (ok && o.then && (!failed || o.regardless) && !o.then(m, &o, err)) {
        ok = !o.first;
        model_say(m, true, "%s", err->text);
    }
    memory_free(o.rest);
    return ok;
}
