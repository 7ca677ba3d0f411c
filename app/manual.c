#include "manual.h"

#include "actions.h"
#include "help.h"
#include "registry.h"
#include "view.h"

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
        if (w->groups[i] != &common_group && w->groups[i] != &unseeded_group)
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

static void print_actions(FILE *out, const struct action *actions)
{
    for (; actions && actions->name; actions++) {
        fputs("- *", out);
        plain(out, actions->keys);
        fputs("* ", out);
        plain(out, actions->name);
        fputs(": ", out);
        plain(out, actions->help);
        fputc('\n', out);
    }
}

static void print_commands(FILE *out)
{
    for (const struct command *c = commands; c->name; c++) {
        fputs("- *", out);
        plain(out, c->name);
        fputs("* ", out);
        plain(out, c->arguments);
        fputs(*c->arguments ? ": " : "", out);
        plain(out, c->help);
        fputc('\n', out);
    }
}

/* The workbench's own words. */
static void print_workbench(FILE *out)
{
    fputs("\n# KEYS\n\nKeys, the name after : and in -x, what they do.\n\n", out);
    print_actions(out, common_actions);
    for (size_t i = 0; views[i]; i++) {
        fprintf(out, "\n## %s\n\n", views[i]->name);
        print_actions(out, views[i]->actions);
    }
    fputs("\n# COMMANDS\n\nAfter :, in -x and in sessions, separated by semicolons; blanks in "
          "names stand between double quotes or behind a backslash. "
          "A key's name alone is that key, where no command is called so, and in -x always.\n\n",
          out);
    print_commands(out);
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
    print_workbench(out);
    fputs("\n# FILES\n\n_$XDG\\_STATE\\_HOME/eigenscope/last.session_, else "
          "_~/.local/state/eigenscope/last.session_: what -r restores. Parameters and names, no "
          "pixels.\n\n_$XDG\\_STATE\\_HOME/eigenscope/ledger_: what private releases have cost, "
          "a line each, added to and never rewritten. Whoever deletes it forgets what was spent; "
          "it says nothing of the data but the name that you gave it.\n",
          out);
    fputs("\n# EXIT STATUS\n\n0 ok, 1 internal failure, 2 usage, 3 input refused, 4 output failed, "
          "5 over a limit, 130 interrupted. Errors are one line on stderr.\n",
          out);
}
