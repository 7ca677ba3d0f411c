#include "manual.h"

#include "help.h"
#include "registry.h"

#include <string.h>

/* Text in which scdoc's own characters mean nothing. */
static void plain(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\*_#`[]|<", *text))
            fputc('\\', out);
        fputc(*text, out);
    }
}

/* One flag as an item of a list. */
static void item(FILE *out, const char *letter, const char *flag, const char *value,
                 const char *help, const char *values, const char *usual)
{
    fputs("- ", out);
    if (letter)
        fprintf(out, "*-%s*, ", letter);
    fprintf(out, "*--%s*", flag);
    if (*value) {
        fputc(' ', out);
        plain(out, value);
    }
    fputs(": ", out);
    plain(out, help);
    if (*values) {
        fputc(' ', out);
        plain(out, values);
        fputs("; default ", out);
        plain(out, usual);
        fputc('.', out);
    }
    fputc('\n', out);
}

static void rows(FILE *out, const struct param_table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct param *p = &t->rows[i];
        char flag[64], range[256], usual[160];
        param_flag(p->key, flag, sizeof(flag));
        help_range(p, range, sizeof(range));
        help_default(p, usual, sizeof(usual));
        item(out, NULL, flag, "", p->help, range, usual);
    }
}

static void group(FILE *out, const struct flag_group *g)
{
    for (const struct text_flag *t = g->texts; t && t->name; t++)
        item(out, t->letter, t->name, t->value, t->help, "", "");
    rows(out, &g->params);
}

static void word(FILE *out, const struct word *w)
{
    bool named = w != &workbench;
    fprintf(out, "\n## %s%s%s\n\n", named ? w->name : "WORKBENCH", *w->arguments ? " " : "",
            w->arguments);
    plain(out, w->summary);
    if (*w->more) { /* on the same line: one that begins with -o would be a list */
        fputc(' ', out);
        plain(out, w->more);
    }
    fputs(w->groups[0] == &common_group ? "\n" : "\n\n", out);
    for (size_t i = 0; w->groups[i]; i++)
        if (w->groups[i] != &common_group)
            group(out, w->groups[i]);
}

static void print_methods(FILE *out)
{
    fputs("\n# METHODS\n\n", out);
    for (size_t i = 0; methods[i]; i++) {
        char name[64];
        param_flag(methods[i]->name, name, sizeof(name));
        fprintf(out, "%s## %s\n\n", i ? "\n" : "", name);
        plain(out, methods[i]->summary);
        fputs("\n\n", out);
        rows(out, &methods[i]->params);
    }
}

void manual_print(FILE *out)
{
    fputs("eigenscope(1)\n\n# NAME\n\neigenscope - low-rank approximation, seen and measured\n\n"
          "# SYNOPSIS\n\n*eigenscope* ",
          out);
    plain(out, workbench.arguments);
    for (const struct word *w = words; w->name; w++) {
        fprintf(out, "++\n*eigenscope* *%s* ", w->name);
        plain(out, w->arguments);
    }
    fputs("\n\n# WORDS\n", out);
    word(out, &workbench);
    for (const struct word *w = words; w->name; w++)
        word(out, w);
    fputs("\n# FLAGS EVERY WORD TAKES\n\n", out);
    group(out, &common_group);
    print_methods(out);
    fputs("\n# EXIT STATUS\n\n0 ok, 1 internal failure, 2 usage, 3 input refused, 4 output failed, "
          "5 over a limit, 130 interrupted. Errors are one line on stderr.\n",
          out);
}
