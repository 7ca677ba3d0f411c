#include "completion.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "actions.h"
#include "demo.h"
#include "grammar.h"
#include "session.h"
#include "view.h"

struct finder {
    const struct model *m;
    const char *stem; /* what is typed of the word, without quotes */
    struct completion *out;
};

/* A candidate, if the word begins like it and there is room. */
static void offer(struct finder *f, const char *word)
{
    struct completion *c = f->out;
    if (strncmp(word, f->stem, strlen(f->stem)) != 0 || c->n == COMPLETIONS_MOST)
        return;
    for (size_t i = 0; i < c->n; i++)
        if (!strcmp(c->words[i], word))
            return;
    if (grammar_quote(word, c->words[c->n], COMPLETION_TEXT))
        c->n++;
}

static void offer_names(struct finder *f)
{
    const struct action *const tables[] = { common_actions, f->m->view->actions };
    for (size_t t = 0; t < 2; t++)
        for (const struct action *a = tables[t]; a && a->name; a++)
            offer(f, a->name);
    for (const struct command *c = commands; c->name; c++)
        offer(f, c->name);
}

static void offer_methods(struct finder *f)
{
    char name[64];
    for (size_t i = 0; i < model_methods(); i++) {
        param_flag(methods[i]->name, name, sizeof(name));
        offer(f, name);
    }
}

static void offer_views(struct finder *f)
{
    for (size_t i = 0; views[i]; i++)
        offer(f, views[i]->name);
}

static void offer_value(struct finder *f, const char *key, const char *value)
{
    char flag[64], word[128], name[64];
    param_flag(key, flag, sizeof(flag));
    param_flag(value, name, sizeof(name));
    snprintf(word, sizeof(word), "%s=%s", flag, name);
    offer(f, word);
}

/* Keys, or, behind a key and '=', the names of its values. */
static void offer_rows(struct finder *f, const struct param_table *t, bool keys_only)
{
    const char *equals = strchr(f->stem, '=');
    for (size_t i = 0; i < t->n; i++) {
        const struct param *p = &t->rows[i];
        char flag[64];
        param_flag(p->key, flag, sizeof(flag));
        if (!equals) {
            char word[80];
            snprintf(word, sizeof(word), "%s%s", flag, keys_only ? "" : "=");
            offer(f, word);
            continue;
        }
        for (size_t j = 0; p->choices && p->choices[j]; j++)
            offer_value(f, p->key, p->choices[j]);
        if (p->kind == PARAM_BOOL) {
            offer_value(f, p->key, "on");
            offer_value(f, p->key, "off");
        }
        if (!strcmp(p->key, "rank")) {
            offer_value(f, p->key, "elbow");
            offer_value(f, p->key, "full");
        }
    }
}

static void offer_keys(struct finder *f)
{
    offer_rows(f, &f->m->method->params, true);
}

static void offer_settings(struct finder *f)
{
    offer_rows(f, &f->m->method->params, false);
}

static void offer_theatre(struct finder *f)
{
    offer_rows(f, &theatre_rows, false);
}

static void offer_terms(struct finder *f)
{
    static const char *const texts[] = { "dataset=", "file=", "budget=" };
    offer_rows(f, &worlds_terms, false);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        offer(f, texts[i]);
}

static void offer_looks(struct finder *f)
{
    offer_rows(f, &worlds_looks, false);
}

static void offer_shows(struct finder *f)
{
    offer_rows(f, &session_rows, false);
}

static void offer_files(struct finder *f)
{
    const char *slash = strrchr(f->stem, '/');
    int folder_length = slash ? (int)(slash + 1 - f->stem) : 0;
    char folder[1024], path[2048], with_slash[sizeof(path) + 1];
    struct stat there;
    snprintf(folder, sizeof(folder), "%.*s", folder_length, f->stem);
    DIR *d = opendir(folder_length ? folder : ".");
    for (struct dirent *e; d && (e = readdir(d));) {
        if (e->d_name[0] == '.' && f->stem[folder_length] != '.')
            continue;
        snprintf(path, sizeof(path), "%s%s", folder, e->d_name);
        bool is_folder = stat(path, &there) == 0 && S_ISDIR(there.st_mode);
        snprintf(with_slash, sizeof(with_slash), "%s%s", path, is_folder ? "/" : "");
        offer(f, with_slash);
    }
    if (d)
        closedir(d);
}

static void offer_documents(struct finder *f)
{
    char name[64];
    offer_files(f);
    for (const struct demo *d = demos; d->name; d++) {
        snprintf(name, sizeof(name), "demo:%s", d->name);
        offer(f, name);
    }
}

static void offer_tensors(struct finder *f)
{
    const struct browse *b = &f->m->browse;
    for (size_t i = 0; i < b->n; i++)
        offer(f, browse_name(f->m, &b->leaves[i]));
}

static void offer_columns(struct finder *f)
{
    offer(f, "name");
    for (const struct scan_key *k = scan_keys; k->key; k++)
        offer(f, k->key);
}

/* "rgb|ycbcr": what is in capitals stands for something else. */
static void offer_alternatives(struct finder *f, const char *list)
{
    char word[64];
    while (*list && strchr(list, '|')) {
        size_t n = strcspn(list, "|");
        snprintf(word, sizeof(word), "%.*s", (int)n, list);
        if (word[0] >= 'a' && word[0] <= 'z')
            offer(f, word);
        list += n + 1;
        if (!strchr(list, '|')) {
            offer(f, list);
            return;
        }
    }
}

static void offer_arguments(struct finder *f, const char *arguments)
{
    static const struct {
        const char *word;
        void (*offer)(struct finder *f);
    } kinds[] = {
        { "METHOD", offer_methods },
        { "VIEW", offer_views },
        { "SHOW=VALUE...", offer_shows },
        { "TERM=VALUE...", offer_terms },
        { "LOOK=VALUE...", offer_looks },
        { "KEY=VALUE...", offer_settings },
        { "[SETTING=VALUE...]", offer_theatre },
        { "KEY", offer_keys },
        { "FILE", offer_documents },
        { "PATH", offer_files },
        { "[PATH]", offer_files },
        { "TENSOR", offer_tensors },
        { "COLUMN", offer_columns },
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (!strncmp(arguments, kinds[i].word, strlen(kinds[i].word))) {
            kinds[i].offer(f);
            return;
        }
    offer_alternatives(f, arguments);
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

void completion_find(const struct model *m, const char *line, size_t at, struct completion *out)
{
    struct grammar_word word;
    struct finder f = { m, word.text, out };
    out->n = 0;
    out->from = at;
    if (!grammar_word(line, at, &word))
        return;
    out->from = word.start;
    if (!word.name[0])
        offer_names(&f);
    for (const struct command *c = commands; word.name[0] && c->name; c++)
        if (!strcmp(c->name, word.name))
            offer_arguments(&f, c->arguments);
    qsort(out->words, out->n, sizeof(out->words[0]), compare);
}

size_t completion_common(const struct completion *c)
{
    size_t n = c->n ? strlen(c->words[0]) : 0;
    for (size_t i = 1; i < c->n; i++)
        for (size_t j = 0; j < n; j++)
            if (c->words[i][j] != c->words[0][j])
                n = j;
    return n;
}
