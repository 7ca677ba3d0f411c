/* docs: the reference pages, printed off the rows; docs/reference holds the output. */
#include "actions.h"
#include "catalogue.h"
#include "cli.h"
#include "help.h"
#include "manual.h"
#include "quantizer.h"
#include "registry.h"
#include "report.h"
#include "scan.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

/* A cell of a table: a bar would end it. */
static void cell(FILE *out, const char *text)
{
    fputs(" ", out);
    for (; *text; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputs(" |", out);
}

/* One row of a table; the cells end with NULL. */
static void table_row(FILE *out, const char *const *cells)
{
    fputc('|', out);
    for (; *cells; cells++)
        cell(out, *cells);
    fputc('\n', out);
}

static void table_head(FILE *out, const char *const *cells)
{
    table_row(out, cells);
    fputc('|', out);
    for (; *cells; cells++)
        fputs("---|", out);
    fputc('\n', out);
}

static void flag_rows(FILE *out, const struct param_table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct param *p = &t->rows[i];
        char key[64], flag[80], range[256], usual[160];
        param_flag(p->key, key, sizeof(key));
        snprintf(flag, sizeof(flag), "`--%s`", key);
        help_range(p, range, sizeof(range));
        help_default(p, usual, sizeof(usual));
        table_row(out, (const char *const[]){ flag, p->help, range, usual, p->source, NULL });
    }
}

static const char *const flag_head[] = { "flag", "what", "values", "default", "source", NULL };

static void print_methods(FILE *out)
{
    fputs("Each is a word after `eigenscope run`; its flags are the fields of the form in the "
          "workbench.\n`(paper: X)` is what `--paper` sets.\n",
          out);
    for (size_t i = 0; methods[i]; i++) {
        const struct method *m = methods[i];
        char name[64];
        param_flag(m->name, name, sizeof(name));
        fprintf(out, "\n## %s\n\n%s. %s\n", name, m->title, m->summary);
        if (*m->source)
            fprintf(out, "\nSource: %s.\n", m->source);
        if (m->flags & METHOD_NESTED)
            fputs("\nRank k is the leading part of any larger rank: a slider over it computes "
                  "nothing "
                  "anew.\n",
                  out);
        if (m->flags & METHOD_OURS)
            fputs(
                "\nNo source describes it as a whole: `--paper` leaves its settings as they are.\n",
                out);
        if (m->flags & METHOD_SANDBOX)
            fputs("\nSimulated, not private.\n", out);
        fputc('\n', out);
        table_head(out, flag_head);
        flag_rows(out, &m->params);
    }
}

static void print_quantizers(FILE *out)
{
    fputs("The words after `--quantizer`. Rounding and scales are choices of their own.\n\n", out);
    table_head(out, (const char *const[]){ "name", "what", "bits", "source", NULL });
    for (size_t i = 0; quantizers[i]; i++) {
        const struct quantizer *q = quantizers[i];
        char name[64], bits[64];
        param_flag(q->name, name, sizeof(name));
        snprintf(bits, sizeof(bits), "%d to %d", q->min_bits, q->max_bits);
        table_row(out, (const char *const[]){ name, q->summary, bits, q->source, NULL });
    }
}

static void print_formats(FILE *out)
{
    fputs("Reading goes by a file's content, writing by the ending after `-o`.\n\n", out);
    table_head(out, (const char *const[]){ "name", "what", "endings", "read", "written",
                                           "specification", NULL });
    for (size_t i = 0; formats[i]; i++) {
        const struct format *f = formats[i];
        char endings[160] = "", name[64];
        param_flag(f->name, name, sizeof(name));
        for (const char *const *e = f->extensions; e && *e; e++) {
            size_t at = strlen(endings);
            snprintf(endings + at, sizeof(endings) - at, "%s`%s`", at ? " " : "", *e);
        }
        table_row(out, (const char *const[]){ name, f->summary, endings, f->probe ? "yes" : "no",
                                              !f->write          ? "no"
                                              : f->needs_picture ? "whole pictures"
                                                                 : "yes",
                                              f->specification, NULL });
    }
}

static void print_scan(FILE *out)
{
    fputs("What `eigenscope scan` says of each matrix: the keys of its JSON and the columns of its "
          "CSV (there with\n`_` for `-`), and the words after `--sort`, which puts the largest or "
          "the smallest first. Empty or null:\nnot known.\n\n",
          out);
    table_head(out, (const char *const[]){ "column", "what", "first", NULL });
    table_row(out, (const char *const[]){ "`name`", "Name of the matrix.", "smallest", NULL });
    for (const struct scan_key *k = scan_keys; k->key; k++) {
        char name[64];
        snprintf(name, sizeof(name), "`%s`", k->key);
        table_row(out, (const char *const[]){ name, k->help, k->descending ? "largest" : "smallest",
                                              NULL });
    }
    fputs("\nBesides, `dtype`, `verdict` (what is better at the same bytes: quantize, factorize, "
          "depends, none) and\n`error` (why a matrix has no numbers).\n",
          out);
}

static void action_rows(FILE *out, const struct action *actions)
{
    const char *group = "";
    for (const struct action *a = actions; a->name; a++) {
        if (strcmp(group, a->group) != 0) {
            fprintf(out, "\n### %s\n\n", a->group);
            table_head(out, (const char *const[]){ "keys", "action", "what", NULL });
        }
        group = a->group;
        table_row(out, (const char *const[]){ a->keys, a->name, a->help, NULL });
    }
}

static void print_views(FILE *out)
{
    fputs("The word after `--view`; the keys that every view has are on the page of actions.\n",
          out);
    for (size_t i = 0; views[i]; i++) {
        fprintf(out, "\n## %s\n\n%s: %s\n", views[i]->name, views[i]->title, views[i]->summary);
        if (views[i]->actions && views[i]->actions[0].name)
            action_rows(out, views[i]->actions);
    }
}

/* "on the picture Compare, Picture; on a plot ...". */
static void print_menus(FILE *out)
{
    fputs("\nThe right mouse button says what a thing is, and opens a menu:", out);
    for (size_t i = 0; i < MENU_PLACES; i++) {
        const struct menu_row *r = &catalogue_menus[i];
        fprintf(out, "%s\non %s", i ? ";" : "", r->place);
        for (size_t j = 0; j < MENU_GROUPS && r->groups[j]; j++)
            fprintf(out, "%s%s", j ? ", " : " ", r->groups[j]);
    }
    fputs(".\nEnter or a click runs a line, Esc or a click beside it closes it.\n", out);
}

static void print_actions(FILE *out)
{
    fputs("What every view answers to: by key, or by name after `:` and in `-x`, several separated "
          "by "
          "semicolons.\n\n## Keys\n",
          out);
    action_rows(out, common_actions);
    print_menus(out);
    fputs(
        "\n## Commands\n\n"
        "The same words are the `:` line, `-x` and the lines of a session. Commands are separated "
        "by "
        "semicolons; a\nblank, a semicolon or a `#` in a file's name stands between double quotes "
        "or behind a backslash; `#`\nbefore a word begins a comment. Of the names above and below, "
        "Tab completes the rest, and so it does for\nmethods, parameters, their values and "
        "files.\n\n"
        "The name of a key is a word as well, where no command is called so: `:G`, `:zi`, `:[`. "
        "`k`, `w` and `q`\nare commands; but in `-x` a letter alone is always its key, so that `-x "
        "'k 24; w'` wipes.\n\n"
        "A goal is a command, too: `err<5%`, `psnr>30`, `ssim>0.9`, `size<60K` "
        "(bytes of the "
        "factors file),\n`bits<1.5` (an entry), `energy>95%` move the rank, or the bits of a "
        "method without "
        "one, to the\ncheapest setting that meets it; typed into the box of a parameter they move "
        "that. "
        "Boxes and `set`\ntake expressions: numbers (`12K`, `2Ki`), `+ - * / ^ ( )`, `min max "
        "floor ceil "
        "round sqrt log2`, `m`\nand `n` (rows, columns), `k` (the rank), `elbow`, `full`, and the "
        "method's "
        "numbers by name; one that\nbegins with an operator goes on from the value there is: `*2`, "
        "`-3`.\n\n",
        out);
    table_head(out, (const char *const[]){ "command", "what", NULL });
    for (const struct command *c = commands; c->name; c++) {
        char words_of[160];
        snprintf(words_of, sizeof(words_of), "`%s%s%s`", c->name, *c->arguments ? " " : "",
                 c->arguments);
        table_row(out, (const char *const[]){ words_of, c->help, NULL });
    }
}

static void print_group(FILE *out, const struct flag_group *g)
{
    fprintf(out, "\n%s:\n\n", g->title);
    table_head(out, flag_head);
    for (const struct text_flag *t = g->texts; t && t->name; t++) {
        char flag[160];
        snprintf(flag, sizeof(flag), "`%s%s%s--%s %s`", t->letter ? "-" : "",
                 t->letter ? t->letter : "", t->letter ? ", " : "", t->name, t->value);
        table_row(out, (const char *const[]){ flag, t->help, "", "", "", NULL });
    }
    flag_rows(out, &g->params);
}

static void print_word(FILE *out, const struct word *w)
{
    bool named = w != &workbench;
    fprintf(out, "\n## %s\n\n    eigenscope%s%s%s%s\n\n%s\n", w->name, named ? " " : "",
            named ? w->name : "", *w->arguments ? " " : "", w->arguments, w->summary);
    if (*w->more)
        fprintf(out, "%s\n", w->more);
    for (size_t i = 0; w->groups[i]; i++)
        if (w->groups[i] != &common_group && w->groups[i] != &unseeded_group)
            print_group(out, w->groups[i]);
}

static void print_words(FILE *out)
{
    fputs("Flags may stand before or after the arguments, as `--key value` or `--key=value`; `--` "
          "ends "
          "them.\nA switch stands alone, or is followed by `on` or `off`. Of a repeated flag the "
          "last "
          "one counts.\nWhat is given wins over `--paper`, whatever the order.\n",
          out);
    print_word(out, &workbench);
    for (const struct word *w = words; w->name; w++)
        print_word(out, w);
    fputs("\n## Every word\n", out);
    print_group(out, &common_group);
    fputs("\n## Exit status\n\n", out);
    table_head(out, (const char *const[]){ "status", "meaning", NULL });
    static const char *const statuses[][3] = {
        { "0", "ok" },
        { "1", "an internal failure: device, memory, no convergence" },
        { "2", "usage, or an unusable terminal" },
        { "3", "an input is refused: its format, or unreadable" },
        { "4", "an output failed, or exists and --force was not given" },
        { "5", "over a limit: size or memory" },
        { "130", "interrupted" },
    };
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
        table_row(out, statuses[i]);
    fputs("\nErrors are one line on stderr, `eigenscope: REASON`; stdout is then empty.\n", out);
}

static const struct page {
    const char *name, *title;
    void (*print)(FILE *out);
} pages[] = {
    { "words", "Words", print_words },
    { "methods", "Methods", print_methods },
    { "quantizers", "Quantizers", print_quantizers },
    { "formats", "Formats", print_formats },
    { "scan", "Scan", print_scan },
    { "views", "Views", print_views },
    { "actions", "Actions", print_actions },
    { "man", NULL, manual_print }, /* scdoc, only by its name */
};
enum { PAGES = sizeof(pages) / sizeof(pages[0]) };

static void print_page(FILE *out, const struct page *p)
{
    if (p->title)
        fprintf(out, "# %s\n\nPrinted by `eigenscope docs %s`.\n\n", p->title, p->name);
    p->print(out);
}

static bool put_page(struct report *r, const struct page *p, struct error *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out)
        print_page(out, p);
    bool ok = out && fclose(out) == 0;
    if (ok)
        report_text(r, p->name, text);
    free(text);
    return ok || fail(err, ERROR_MEMORY, "out of memory");
}

/* One page by name, or all: as they are, or in one object by name. */
static bool print_pages(struct call *c, const char *wanted, struct report *r, struct error *err)
{
    for (size_t i = 0; i < PAGES; i++) {
        if (wanted ? strcmp(wanted, pages[i].name) != 0 : !pages[i].title)
            continue;
        if (r && !put_page(r, &pages[i], err))
            return false;
        if (!r && i && !wanted)
            fputc('\n', c->out);
        if (!r)
            print_page(c->out, &pages[i]);
    }
    return !r || report_print(r, c->out, err);
}

bool docs_word(struct call *c, struct error *err)
{
    const char *wanted = c->o.n ? c->o.arguments[0] : NULL;
    char names[120] = "";
    bool known = !wanted;
    for (size_t i = 0; i < PAGES; i++) {
        size_t at = strlen(names);
        snprintf(names + at, sizeof(names) - at, "%s%s", i ? ", " : "", pages[i].name);
        known |= wanted && !strcmp(wanted, pages[i].name);
    }
    if (!known)
        return fail(err, ERROR_USAGE, "docs: no page '%s'; there are %s", wanted, names);
    struct report *r = c->o.common.json ? report_create() : NULL;
    if (c->o.common.json && !r)
        return fail(err, ERROR_MEMORY, "out of memory");
    bool ok = print_pages(c, wanted, r, err);
    report_destroy(r);
    return ok;
}
