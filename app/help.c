#include "help.h"

#include "registry.h"

#include <string.h>

enum { COLUMN = 26 };

void help_range(const struct param *p, char *out, size_t size)
{
    char name[64];
    if (p->choices) {
        out[0] = '\0';
        for (int i = 0; p->choices[i]; i++) {
            param_flag(p->choices[i], name, sizeof(name));
            size_t at = strlen(out);
            snprintf(out + at, size - at, "%s%s", i ? ", " : "", name);
        }
    } else if (p->kind == PARAM_BOOL) {
        snprintf(out, size, "on, off");
    } else if (p->kind == PARAM_SEED) {
        snprintf(out, size, "0 to 2^64 - 1");
    } else {
        snprintf(out, size, "%.10g to %.10g%s%s", p->min, p->max, *p->unit ? " " : "", p->unit);
    }
}

/* A value of the row as param_format prints it, without a params struct at hand. */
static void value_text(const struct param *p, double value, char *out, size_t size)
{
    if (p->choices)
        param_flag(p->choices[(int)value], out, size);
    else if (p->kind == PARAM_BOOL)
        snprintf(out, size, "%s", value != 0 ? "on" : "off");
    else
        snprintf(out, size, "%.10g", value);
}

void help_default(const struct param *p, char *out, size_t size)
{
    char usual[64], paper[64];
    value_text(p, p->def, usual, sizeof(usual));
    value_text(p, p->paper, paper, sizeof(paper));
    if (strcmp(usual, paper) != 0)
        snprintf(out, size, "%s (paper: %s)", usual, paper);
    else
        snprintf(out, size, "%s", usual);
}

static void line(FILE *out, const char *flag, const char *help)
{
    if (strlen(flag) < COLUMN)
        fprintf(out, "  %-*s%s\n", COLUMN, flag, help);
    else
        fprintf(out, "  %s\n  %*s%s\n", flag, COLUMN, "", help);
}

/* Without the rows that stand in `elsewhere` already: --seed is every word's. */
static void rows(FILE *out, const struct param_table *t, const struct param_table *elsewhere)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct param *p = &t->rows[i];
        if (elsewhere && param_find(elsewhere, p->key))
            continue;
        char flag[64], shown[160], range[256], usual[160], more[448];
        param_flag(p->key, flag, sizeof(flag));
        snprintf(shown, sizeof(shown), "--%s%s", flag,
                 p->kind == PARAM_BOOL   ? ""
                 : p->choices            ? " WORD"
                 : p->kind == PARAM_REAL ? " X"
                                         : " N");
        line(out, shown, p->help);
        help_range(p, range, sizeof(range));
        help_default(p, usual, sizeof(usual));
        snprintf(more, sizeof(more), "%s; default %s", range, usual);
        line(out, "", more);
    }
}

static void group(FILE *out, const struct flag_group *g)
{
    fprintf(out, "\n%s:\n", g->title);
    for (const struct text_flag *t = g->texts; t && t->name; t++) {
        char shown[160];
        snprintf(shown, sizeof(shown), "%s%s%s--%s %s", t->letter ? "-" : "",
                 t->letter ? t->letter : "", t->letter ? ", " : "", t->name, t->value);
        line(out, shown, t->help);
    }
    rows(out, &g->params, NULL);
}

void help_word(FILE *out, const struct word *w, const struct method *m)
{
    char name[64] = "";
    if (m)
        param_flag(m->name, name, sizeof(name));
    const char *arguments = w->arguments;
    bool first = m && !strncmp(arguments, "METHOD", 6);
    if (first)
        arguments += 6;
    fprintf(out, "usage: eigenscope %s%s%s%s\n\n%s\n", w->run == workbench.run ? "" : w->name,
            w->run == workbench.run ? "" : " ", first ? name : "", arguments, w->summary);
    if (*w->more)
        fprintf(out, "%s\n", w->more);
    if (m) {
        fprintf(out, "\n%s: %s\n%s%s%s", m->title, m->summary, *m->source ? "Source: " : "",
                m->source, *m->source ? "\n" : "");
        fprintf(out, "\nFlags of %s:\n", name);
        rows(out, &m->params, &common_group.params);
    } else if (w->takes_method) {
        fprintf(out, "\nMethods (`eigenscope %s %sMETHOD --help` lists the flags of one):\n",
                w->name, w->takes_method == METHOD_AS_FLAG ? "--method " : "");
        for (size_t i = 0; methods[i]; i++) {
            param_flag(methods[i]->name, name, sizeof(name));
            line(out, name, methods[i]->summary);
        }
    }
    for (size_t i = 0; w->groups[i]; i++)
        group(out, w->groups[i]);
}

void help_program(FILE *out)
{
    fprintf(out, "usage: eigenscope %s\n", workbench.arguments);
    for (const struct word *w = words; w->name; w++)
        fprintf(out, "       eigenscope %s%s%s\n", w->name, *w->arguments ? " " : "", w->arguments);
    fprintf(out, "\n  %-*s%s\n", COLUMN, "without a word", workbench.summary);
    for (const struct word *w = words; w->name; w++)
        line(out, w->name, w->summary);
    fputs("\nFILE::NAME picks one matrix of a file; demo:photo, demo:phantom, demo:phantom256, "
          "demo:covariance and demo:gaps are built in.\n`eigenscope WORD --help` prints the flags "
          "of a word; `--version` prints the "
          "version.\nExit status: 0 ok, 1 internal failure, 2 usage, 3 input refused, 4 output "
          "failed, 5 over a limit, 130 interrupted.\n",
          out);
    for (size_t i = 0; workbench.groups[i]; i++)
        group(out, workbench.groups[i]);
}
