#pragma once

#include "limit.h"
#include "options.h"

#include <stdio.h>

struct model;

/* What every word of the command line shares: flags, the engine behind a job,
 * signals, output and exit status. Main thread. */

struct call {
    const struct word *word;
    struct options o;
    FILE *out; /* kept in memory, and on stdout only once the word has succeeded, or by cli_flush */
    char *text;        /* what was printed there */
    size_t size, told; /* of it; how much cli_take has handed out */
};

/* One word. To add one: write app/words/NAME.c, declare it below, give it a row
 * in main.c. */
struct word {
    const char *name, *arguments, *summary;
    const char *more; /* further sentences for --help and the reference page, or "" */
    const struct flag_group *const *groups; /* NULL-terminated */
    enum method_place takes_method;
    size_t least, most; /* arguments, without the method */
    bool (*run)(struct call *c, struct error *err);
};
extern const struct word words[];   /* ends with {0} */
extern const struct word workbench; /* what runs without a word */

bool list_word(struct call *c, struct error *err);
bool spectrum_word(struct call *c, struct error *err);
bool scan_word(struct call *c, struct error *err);
bool run_word(struct call *c, struct error *err);
bool groups_word(struct call *c, struct error *err);
bool denoise_word(struct call *c, struct error *err);
bool gaps_word(struct call *c, struct error *err);
bool gaps_statistics_word(struct call *c, struct error *err); /* gaps --statistics */
bool expand_word(struct call *c, struct error *err);
bool solve_word(struct call *c, struct error *err);
bool sweep_word(struct call *c, struct error *err);
bool compare_word(struct call *c, struct error *err);
bool private_word(struct call *c, struct error *err);
bool audit_word(struct call *c, struct error *err);
bool frame_word(struct call *c, struct error *err);
bool doctor_word(struct call *c, struct error *err);
bool docs_word(struct call *c, struct error *err);

/* What was printed since the last time; the word may fail later, but this has been said. */
bool cli_take(struct call *c, char **text, size_t *n, struct error *err);
bool cli_flush(struct call *c, struct error *err); /* and writes it on stdout */

/* Parses, runs, prints; the exit status. argv begins after the word. */
int cli_run(const struct word *w, int argc, char **argv);
int cli_fail(const struct error *err);                    /* one line on stderr; the exit status */
void cli_note(const char *format, ...) PRINTF_LIKE(1, 2); /* one line on stderr, no failure */
extern atomic_bool cli_cancel; /* set by a signal; a job asks between steps */
/* SIGINT and SIGTERM cancel the job; a second later, or by the second one, the program ends. */
void cli_signals(void);
/* While on, a signal cancels the job and never ends the program: what has been paid for is finished. */
void cli_hold(bool on);

/* The backend and the job of a word, as the common flags say. */
struct engine {
    struct backend *backend;
    struct arena scratch;
    struct job job;
};
bool engine_open(const struct options *o, struct engine *out, struct error *err);
void engine_close(struct engine *e); /* {0} is fine */

/* What else decides the bits, as a command says it: " --backend cpu --threads 1", or "". */
void cli_engine_flags(const struct options *o, char *out, size_t size);

bool cli_limits(const struct options *o,
                struct error *err); /* --max-memory or its default, --threads */
/* -o before any work: an ending that holds n matrices or a picture of them, under their names,
 * nothing there unless --force. */
bool cli_output_ok(const struct options *o, bool picture, const char (*names)[NAME_TEXT], size_t n,
                   struct error *err);

/* The workbench's model on what the arguments name, in the view asked for. patient: the file is
 * only wished for (opening.h), so that a screen can be there first. The caller finishes m,
 * also on failure. */
bool cli_model(const struct options *o, struct model *m, bool patient, struct error *err);
/* -x; where a file is on its way, once it is there (and -r before it). */
bool cli_begin(const struct options *o, struct model *m, struct error *err);
