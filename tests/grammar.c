/* The `:` line: how it is read, completed, recalled and blamed; the palette and the help
 * that run what they list; prefix keys, undo and marks. No engine runs. */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions.h"
#include "catalogue.h"
#include "check.h"
#include "completion.h"
#include "grammar.h"
#include "line.h"
#include "memory.h"

static bool command(struct model *m, const char *line)
{
    struct error err;
    bool ok = command_run(m, line, &err);
    if (!ok)
        printf("# %s: %s\n", line, err.text);
    return ok;
}

static void key(struct model *m, const char *name)
{
    bool one = !name[1];
    action_press(m, name,
                 one                      ? (uint32_t)(unsigned char)name[0]
                 : !strcmp(name, "Space") ? ' '
                                          : 0);
}

/* Keys separated by blanks. */
static void press(struct model *m, const char *keys)
{
    char name[16];
    while (*keys) {
        size_t n = strcspn(keys, " ");
        snprintf(name, sizeof(name), "%.*s", (int)n, keys);
        key(m, name);
        keys += n + strspn(keys + n, " ");
    }
}

static void type(struct model *m, const char *text)
{
    for (; *text; text++)
        action_press(m, *text == ' ' ? "Space" : (char[2]){ *text, 0 },
                     (uint32_t)(unsigned char)*text);
}

static double value(struct model *m, const char *row)
{
    return param_get(param_find(&m->method->params, row), model_params(m));
}

/* Name and arguments of every command of a line as "name[arguments]name[...". */
static bool reads(const char *line, const char *want, size_t fault)
{
    char got[512] = "";
    struct grammar_command c;
    struct error err = { 0 };
    size_t at = 0;
    bool ok = true;
    for (size_t from = 0; ok && line[from];) {
        size_t n = strlen(got);
        ok = grammar_next(line, &from, &c, &at, &err);
        if (ok && c.name[0])
            snprintf(got + n, sizeof(got) - n, "%s[%s]", c.name, c.arguments);
    }
    bool as_it_should = want ? ok && !strcmp(got, want) : !ok && at == fault && err.text[0];
    if (!as_it_should)
        printf("# %s -> %s, fault at %zu: %s\n", line, got, at, err.text);
    return as_it_should;
}

static void test_reading(void)
{
    static const struct {
        const char *line, *want;
        size_t fault;
    } lines[] = {
        { "", "", 0 },
        { "  ;; \n ; ", "", 0 },
        { "gaps", "gaps[]", 0 },
        { " gaps ; elbow ", "gaps[]elbow[]", 0 },
        { "set a=1  b=2 ;k 3", "set[a=1  b=2]k[3]", 0 },
        { "open a\\ b.png", "open[a b.png]", 0 },
        { "open \"a; b.png\" ; gaps", "open[a; b.png]gaps[]", 0 },
        { "open \"a\\\"b\\\\\"", "open[a\"b\\]", 0 },
        { "open a\"b c\"d", "open[ab cd]", 0 },
        { "gaps # not; this\nelbow", "gaps[]elbow[]", 0 },
        { "# all of it", "", 0 },
        { "open a#1.png", "open[a#1.png]", 0 },
        { "open \\#1.png", "open[#1.png]", 0 },
        { "open \"# x\" # y", "open[# x]", 0 },
        { "err<5%", "err<5%[]", 0 },
        { "k 24\r\ngaps\r\n", "k[24]gaps[]", 0 },
        { "press \";\"", "press[;]", 0 },
        { "open \"a", NULL, 5 },
        { "gaps; open a\\", NULL, 12 },
    };
    int wrong = 0;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        wrong += !reads(lines[i].line, lines[i].want, lines[i].fault);
    CHECK(wrong == 0);
    static char large[3000];
    memset(large, 'a', sizeof(large) - 1);
    CHECK(reads(large, NULL, GRAMMAR_TEXT - 3));
}

/* Whatever a file is called, its quoted name is one word that reads back; no line, however
 * odd, reads past its end. */
static void test_any_text(void)
{
    static const char bytes[] = "ab \\\"#;'\t\r=/.~\xc3\xa4";
    int wrong = 0, read = 0;
    srand(5);
    for (int i = 0; i < 20000; i++) {
        char text[24], quoted[64], line[80];
        struct grammar_command c;
        struct grammar_word word;
        struct error err;
        size_t from = 0, at, n = (size_t)rand() % 20;
        for (size_t j = 0; j < n; j++)
            text[j] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
        text[n] = 0;
        while (text[from] && grammar_next(text, &from, &c, &at, &err) && from <= n)
            read++;
        wrong += from > n;
        wrong += !grammar_word(text, n, &word) || word.start > n;
        from = 0;
        if (!grammar_quote(text, quoted, sizeof(quoted)))
            continue;
        snprintf(line, sizeof(line), "open %s", quoted);
        wrong += !grammar_next(line, &from, &c, &at, &err) || line[from] ||
                 strcmp(c.arguments, text) != 0;
    }
    printf("# %d commands read\n", read);
    CHECK(read > 1000 && wrong == 0);
}

/* The byte of the line that a caret is put under. */
static bool blames(struct model *m, const char *line, const char *where)
{
    struct error err = { 0 };
    size_t at = 999, want = (size_t)(strchr(where, '^') - where);
    bool ok = !command_run_at(m, line, &at, &err) && at == want && err.text[0];
    if (!ok)
        printf("# %s\n# %s: at %zu, %s\n", line, where, at, err.text);
    return ok;
}

static void test_faults(struct model *m)
{
    CHECK(command(m, "method lplr"));
    CHECK(blames(m, "nonsense", "^"));
    CHECK(blames(m, "gaps; nonsense 3", "      ^"));
    CHECK(blames(m, "set rank=24 left-bits=x", "                      ^"));
    CHECK(blames(m, "set rank=24 nothing=1", "            ^"));
    CHECK(blames(m, "set rank=24 \"left\\-bits\"=x", "                         ^"));
    CHECK(blames(m, "method  nothing", "        ^"));
    CHECK(blames(m, "gaps 3", "     ^"));
    CHECK(blames(m, "open \"no such", "     ^"));
    CHECK(blames(m, "mark a nothing", "       ^"));
    CHECK(blames(m, "mark a lplr rank=x", "                 ^"));
    CHECK(value(m, "rank") == 24);

    press(m, ":");
    type(m, "set rank=31 left-bits=x");
    press(m, "Enter");
    CHECK(m->overlay == OVERLAY_LINE && m->faulty && m->message_is_error);
    CHECK(!strcmp(m->line, "set rank=31 left-bits=x") && m->line_at == 22 && m->fault == 22);
    press(m, "Delete 3 Enter");
    CHECK(m->overlay == OVERLAY_NONE && value(m, "left-bits") == 3 && value(m, "rank") == 31);
}

static void test_recall(struct model *m)
{
    m->typed_n = 0;
    press(m, ": k Space 3 Enter : k Space 4 Enter : k Space 3 Enter");
    CHECK(m->typed_n == 2 && value(m, "rank") == 3); /* each line once */
    press(m, ": x Up");
    CHECK(!strcmp(m->line, "k 3"));
    press(m, "Up Up Up");
    CHECK(!strcmp(m->line, "k 4"));
    press(m, "Down Down Down");
    CHECK(!strcmp(m->line, "x") && m->line_at == 1);
    press(m, "Up Up Enter");
    CHECK(value(m, "rank") == 4 && m->overlay == OVERLAY_NONE);
    for (int i = 0; i < 3 * MODEL_TYPED; i++) {
        char line[32];
        snprintf(line, sizeof(line), "k %d", 5 + i);
        press(m, ":");
        type(m, line);
        press(m, "Enter");
    }
    CHECK(m->typed_n == MODEL_TYPED && value(m, "rank") == 4 + 3 * MODEL_TYPED);
    CHECK(!strcmp(m->typed[MODEL_TYPED - 1], "k 76"));
    press(m, ": a Backspace Backspace");
    CHECK(m->overlay == OVERLAY_NONE);
}

static const char *completed(struct model *m, const char *typed, int tabs)
{
    if (m->overlay != OVERLAY_NONE)
        press(m, "Esc");
    press(m, ":");
    type(m, typed);
    while (tabs-- > 0)
        press(m, "Tab");
    return m->line;
}

static bool completes(struct model *m, const char *typed, int tabs, const char *want)
{
    bool same = !strcmp(completed(m, typed, tabs), want);
    if (!same)
        printf("# '%s' and %d Tab: '%s', not '%s'\n", typed, tabs, m->line, want);
    return same;
}

static void test_completion(struct model *m, const char *folder)
{
    char typed[128], want[128], path[96];
    CHECK(command(m, "method lplr"));
    CHECK(completes(m, "elb", 1, "elbow "));
    CHECK(completes(m, "gaps; me", 1, "gaps; method"));
    CHECK(completes(m, "meth", 2, "method") && strstr(m->message, "1 of 2"));
    CHECK(completes(m, "meth", 3, "methods"));
    CHECK(completes(m, "meth", 4, "method"));
    CHECK(completes(m, "method nai", 1, "method naive "));
    CHECK(completes(m, "set lef", 1, "set left-bits="));
    CHECK(completes(m, "set rank=3 rounding=d", 1, "set rank=3 rounding=dithered "));
    CHECK(completes(m, "set symmetric=o", 1, "set symmetric=off"));
    CHECK(completes(m, "show y-scale=li", 1, "show y-scale=linear "));
    CHECK(completes(m, "planes y", 1, "planes ycbcr "));
    CHECK(completes(m, "view i", 1, "view image "));
    CHECK(completes(m, "rank e", 1, "rank elbow "));
    CHECK(completes(m, "open demo:phan", 1, "open demo:phantom"));
    CHECK(completes(m, "zzz", 1, "zzz") && strstr(m->message, "nothing"));
    press(m, "C-u Tab");
    CHECK(m->overlay == OVERLAY_PALETTE);
    press(m, "Esc");
    static const char *const names[] = { "a b.png", "a;b.png", "dir" };
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        FILE *f = i < 2 ? fopen(path, "w") : NULL;
        if (f)
            fclose(f);
        else
            mkdir(path, 0700);
    }
    snprintf(typed, sizeof(typed), "open %s/a\\ ", folder);
    snprintf(want, sizeof(want), "open %s/a\\ b.png ", folder);
    CHECK(completes(m, typed, 1, want));
    snprintf(typed, sizeof(typed), "open %s/a", folder);
    snprintf(want, sizeof(want), "open %s/a\\;b.png", folder);
    CHECK(completes(m, typed, 2, want) && strstr(m->message, "2 of 2"));
    snprintf(typed, sizeof(typed), "w %s/d", folder);
    snprintf(want, sizeof(want), "w %s/dir/", folder);
    CHECK(completes(m, typed, 1, want));
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        remove(path);
    }
    press(m, "Esc");
}

/* Every line of the help and the palette does what its name does; one that wants
 * arguments comes up with its name typed in. */
static void test_lists(struct model *m)
{
    struct deed deeds[CATALOGUE_MOST];
    size_t n = catalogue_list(m, deeds), actions = 0, rows = 0;
    for (const struct action *a = common_actions; a->name; a++)
        rows++;
    for (const struct action *a = m->view->actions; a->name; a++)
        rows++;
    for (size_t i = 0; i < n; i++)
        actions += deeds[i].action != NULL;
    CHECK(actions == rows && n > rows);

    int wrong = 0;
    for (size_t i = 0; i < n; i++) {
        char line[MODEL_LINE];
        press(m, "?");
        m->overlay_line = i;
        press(m, "Enter");
        snprintf(line, sizeof(line), "%s ", deeds[i].name);
        bool opened = m->overlay == OVERLAY_LINE && !strcmp(m->line, line);
        bool typed = *deeds[i].arguments != 0;
        bool own = !strcmp(deeds[i].name, "command");
        if (!own && opened != typed)
            printf("# %s: %s\n", deeds[i].name, m->line);
        wrong += !own && opened != typed;
        wrong += !typed && strstr(m->message, "no command") != NULL;
        press(m, "Esc Esc");
        m->quit = m->cancel = m->redraw = m->suspend = m->quit_asked = false;
        m->copy[0] = 0;
        m->await = NULL;
    }
    CHECK(wrong == 0 && m->overlay == OVERLAY_NONE);

    bool gaps = m->gaps;
    press(m, "? g a p s");
    CHECK(catalogue_filtered(m, m->line, deeds) >= 1);
    press(m, "Enter");
    CHECK(m->gaps != gaps && m->overlay == OVERLAY_NONE);
    press(m, "? q x q x Enter");
    CHECK(m->overlay == OVERLAY_HELP);
    press(m, "Esc C-p");
    type(m, "nxtmth");
    CHECK(catalogue_ranked(m, m->line, deeds) == 1);
    const struct method *method = m->method;
    press(m, "Enter");
    CHECK(m->method != method);
    CHECK(catalogue_ranked(m, "elbow", deeds) > 1 && !strcmp(deeds[0].name, "elbow"));
    CHECK(catalogue_ranked(m, "undo", deeds) > 0 && !strcmp(deeds[0].name, "undo"));
    press(m, "C-p");
    type(m, "rank 17");
    press(m, "Enter"); /* nothing is called that: it is a line */
    CHECK(value(m, "rank") == 17);
}

static void test_undo(struct model *m)
{
    CHECK(command(m, "reset; method lplr; field rank; k 24"));
    history_forget(m);
    press(m, "u");
    CHECK(strstr(m->message, "nothing to undo") && !m->message_is_error);
    m->now = 10;
    press(m, "l l l"); /* one slider, one moment: one entry */
    m->now = 20;
    press(m, "l");
    CHECK(value(m, "rank") == 28);
    press(m, "u");
    CHECK(value(m, "rank") == 27);
    press(m, "u");
    CHECK(value(m, "rank") == 24 && strstr(m->message, "24"));
    press(m, "C-r C-r C-r");
    CHECK(value(m, "rank") == 28);
    press(m, "u j"); /* what only moves the eye is no change */
    CHECK(value(m, "rank") == 27 && m->history.n == 2 && m->history.at == 1);
    press(m, "l"); /* a change forgets what was undone */
    CHECK(m->history.at == 2 && m->history.n == 2);
    press(m, "C-r");
    CHECK(strstr(m->message, "nothing to redo") != NULL);

    double bits = value(m, "left-bits");
    CHECK(command(m, "set rank=50 left-bits=9; method naive; set bits=3; method lplr; k 60"));
    press(m, "u"); /* one line, one entry, whatever it did */
    CHECK(value(m, "rank") == 27 && value(m, "left-bits") == bits &&
          m->method == method_find("lplr"));
    CHECK(command(m, "method naive") && value(m, "bits") != 3);
    press(m, "u P P u u");
    CHECK(m->method == method_find("lplr"));
    CHECK(command(m, "set normalise=on") && value(m, "normalize") == 1); /* however it is spelt */
    press(m, "u");
    CHECK(value(m, "normalize") == 0);
    m->now = 30;
    size_t entries = m->history.at;
    press(m, "l h"); /* back where it was: no entry of its own */
    CHECK(m->history.at == entries && m->history.n == entries);
    for (int i = 0; i < 3 * HISTORY_MOST; i++) {
        m->now += 5;
        press(m, "h");
        m->now += 5;
        press(m, "l");
    }
    CHECK(m->history.n == HISTORY_MOST);
    for (int i = 0; i < HISTORY_MOST; i++)
        press(m, "u");
    CHECK(m->history.at == 0);
    press(m, "u");
    CHECK(strstr(m->message, "nothing to undo") != NULL);
}

/* Any walk through the states, undone to its end and redone, passes the same states. */
static void test_any_walk(struct model *m)
{
    static const char *const keys[] = {
        "l", "h", "L", "j", "k", "+", "-", "^", "$", "r", "P", "G"
    };
    struct params_any first[MODEL_METHODS], last[MODEL_METHODS];
    int steps = 0, wrong = 0;
    CHECK(command(m, "reset"));
    history_forget(m);
    memcpy(first, m->params, sizeof(first));
    const struct method *from = m->method;
    srand(11);
    for (; m->history.n < HISTORY_MOST - 1 && steps < 500; steps++) {
        m->now += rand() % 3;
        key(m, keys[(size_t)rand() % (sizeof(keys) / sizeof(keys[0]))]);
    }
    memcpy(last, m->params, sizeof(last));
    const struct method *to = m->method;
    for (int i = 0; i < HISTORY_MOST; i++)
        press(m, "u");
    for (size_t i = 0; methods[i]; i++)
        wrong += !param_equal(&methods[i]->params, &first[i], &m->params[i]);
    CHECK(wrong == 0 && m->method == from && m->history.at == 0);
    for (int i = 0; i < HISTORY_MOST; i++)
        press(m, "C-r");
    for (size_t i = 0; methods[i]; i++)
        wrong += !param_equal(&methods[i]->params, &last[i], &m->params[i]);
    printf("# %d keys, %zu entries\n", steps, m->history.n);
    CHECK(wrong == 0 && m->method == to && m->history.n > 20);
}

static void test_marks(struct model *m)
{
    CHECK(command(m, "reset; method lplr; k 12"));
    press(m, "m");
    CHECK(m->await && strstr(m->awaited, "Esc"));
    press(m, "Esc");
    CHECK(!m->await && !m->message[0] && !m->marks[0].method);
    press(m, "m a");
    CHECK(!m->await && m->marks[0].method == m->method && !m->message_is_error);
    CHECK(command(m, "k 99; method naive"));
    press(m, "' a");
    CHECK(m->method == method_find("lplr") && value(m, "rank") == 12);
    press(m, "u"); /* calling back is a change like another */
    CHECK(m->method == method_find("naive"));
    press(m, "' b");
    CHECK(m->message_is_error && m->method == method_find("naive"));
    press(m, "m 3");
    CHECK(m->message_is_error);
    press(m, "' C-c");
    CHECK(!m->await);
    m->quit_asked = false;
    CHECK(command(m, "mark z lplr rank=7 left-bits=2; recall z"));
    CHECK(value(m, "rank") == 7 && value(m, "left-bits") == 2);
    CHECK(command(m, "reset") && !m->marks[0].method && !m->marks[25].method);
}

static const struct action *const *tables_of(const struct model *m)
{
    static const struct action *tables[2];
    tables[0] = common_actions;
    tables[1] = m->view->actions;
    return tables;
}

/* Every key of every action is a word for what the key does, unless a command or something else
 * is called so; with keys_first also then. */
static void test_keys(struct model *m)
{
    int words = 0, wrong = 0, taken = 0;
    for (int t = 0; t < 2; t++)
        for (const struct action *a = tables_of(m)[t]; a->name; a++) {
            char key[16];
            snprintf(key, sizeof(key), "%.*s", (int)strcspn(a->keys, " "), a->keys);
            const struct action *found = NULL;
            bool command_too = false;
            for (const struct command *c = commands; c->name; c++)
                command_too |= !strcmp(c->name, key);
            taken += command_too;
            found = command_word(m, key);
            words += found != NULL;
            wrong += command_too ? found != NULL : found != action_for_key(m, key);
            m->keys_first = true;
            wrong += command_word(m, key) != action_for_key(m, key);
            m->keys_first = false;
        }
    printf("# %d keys are words, %d are commands\n", words, taken);
    CHECK(wrong == 0 && words > 55 && taken == 4); /* k twice, q, w */
    CHECK(command(m, "method lplr; set k=24 B=4 B'=8") && value(m, "rank") == 24 &&
          value(m, "left_bits") == 4 && value(m, "right_bits") == 8);
    CHECK(command(m, "method naive; set B=5") && value(m, "bits") == 5);
    CHECK(command(m, "method lplr; G") && value(m, "rank") == 256);
    CHECK(command(m, "k 7; +; +; -; i; zi") && value(m, "rank") == 8 && m->gaps &&
          m->zoom.scale > 0);
    CHECK(command(m, "zf; i; o") && m->original && command(m, "o"));
    m->keys_first = true;
    CHECK(command(m, "k 24; w") && value(m, "rank") == 24 && m->wipe);
    CHECK(command(m, "w; field left-bits; k") && !m->wipe && m->field == 0);
    m->keys_first = false;
    struct error err;
    size_t at = 9;
    CHECK(!command_run_at(m, "G; G 3", &at, &err) && at == 3);
    CHECK(!command_run_at(m, "k", &at, &err) && !command_run_at(m, "~", &at, &err) && at == 0);
}

int main(void)
{
    char folder[] = "/tmp/eigenscope-grammar-XXXXXX";
    struct error err;
    static struct model m;
    CHECK(mkdtemp(folder) != NULL);
    size_t used = memory_used();
    CHECK(model_init(&m, &err));
    m.document = NULL;
    test_reading();
    test_any_text();
    CHECK(command(&m, "open demo:phantom256"));
    test_faults(&m);
    test_recall(&m);
    test_completion(&m, folder);
    test_lists(&m);
    test_undo(&m);
    test_any_walk(&m);
    test_marks(&m);
    test_keys(&m);
    model_finish(&m);
    CHECK(memory_used() == used);
    rmdir(folder);
    return check_done();
}
