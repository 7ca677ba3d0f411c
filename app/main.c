/* The words of the command line. */
#include "actions.h"
#include "cli.h"
#include "decode.h"
#include "demo.h"
#include "help.h"
#include "player.h"
#include "report.h"
#include "session.h"
#include "sink.h"
#include "stray.h"
#include "tui.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct flag_group *const plain_groups[] = { &common_group, NULL };
static const struct flag_group *const list_groups[] = { &list_group, &common_group, NULL };
static const struct flag_group *const groups_groups[] = { &groups_group, &many_group, &common_group,
                                                          NULL };
static const struct flag_group *const denoise_groups[] = { &denoise_group, &picture_group,
                                                           &common_group, NULL };
static const struct flag_group *const gaps_groups[] = { &gaps_group,    &noise_group,
                                                        &picture_group, &statistics_group,
                                                        &common_group,  NULL };
static const struct flag_group *const spectrum_groups[] = { &picture_group, &common_group, NULL };
static const struct flag_group *const scan_groups[] = { &scan_group, &output_group, &common_group,
                                                        NULL };
static const struct flag_group *const run_groups[] = { &many_group,    &run_group,    &output_group,
                                                       &picture_group, &common_group, NULL };
static const struct flag_group *const solve_groups[] = { &solve_group,  &many_group,
                                                         &output_group, &picture_group,
                                                         &common_group, NULL };
static const struct flag_group *const compare_groups[] = { &compare_group, &many_group,
                                                           &picture_group, &common_group, NULL };
static const struct flag_group *const sweep_groups[] = {
    &sweep_group, &many_group, &run_group, &output_group, &picture_group, &common_group, NULL
};
static const struct flag_group *const private_groups[] = { &private_group, &output_group,
                                                           &unseeded_group, NULL };
static const struct flag_group *const audit_groups[] = { &audit_group, &unseeded_group, NULL };
static const struct flag_group *const expand_groups[] = { &output_group, &common_group, NULL };
static const struct flag_group *const frame_groups[] = { &frame_group,  &commands_group,
                                                         &screen_group, &picture_group,
                                                         &common_group, NULL };
static const struct flag_group *const workbench_groups[] = { &commands_group, &session_group,
                                                             &screen_group,   &picture_group,
                                                             &common_group,   NULL };

const struct word words[] = {
    {
        .name = "list",
        .arguments = "FILE",
        .summary = "The matrices in a file: name, rows x columns, type, bytes.",
        .more = "",
        .groups = list_groups,
        .least = 1,
        .most = 1,
        .run = list_word,
    },
    {
        .name = "spectrum",
        .arguments = "FILE[::NAME]",
        .summary = "Singular values and what they say about the matrix.",
        .more = "Computed in double precision, always; --precision f32 first rounds the entries "
                "to single precision, and then no numerical rank is given. A last line says "
                "whether low rank pays: what the best rank leaves out at the bytes of plain "
                "rounding, and what that does (the JSON's verdict has all sizes).",
        .groups = spectrum_groups,
        .least = 1,
        .most = 1,
        .run = spectrum_word,
    },
    {
        .name = "scan",
        .arguments = "MODEL",
        .summary = "Every matrix of a model in a row: rank, spectrum, noise, what rounding and low "
                   "rank leave at the same bytes.",
        .more = "Rows are kept in $XDG_STATE_HOME/eigenscope/scans as they come, so that a scan "
                "that was interrupted goes on, and one that was done is there at once; a file that "
                "has changed is another one. -o writes them as CSV, every digit, what is not known "
                "empty. Computed by the processor in double precision, singular values from the "
                "shorter side's Gram matrix: below sqrt(n eps) of the first, n of them and eps "
                "2.2e-16, they are zero (4e-7 for 768). A matrix that cannot be looked at has a "
                "row that says why, and where that is a limit or want of memory the exit is 5, "
                "after all rows; one with NaN or infinities has no spectrum, whatever --nonfinite "
                "says. gain is of the source's own rounding where it is in blocks (*), else of "
                "Q4_0: --sort gain puts both in one order.",
        .groups = scan_groups,
        .least = 1,
        .most = 1,
        .run = scan_word,
    },
    {
        .name = "run",
        .arguments = "METHOD FILE[::NAME]...",
        .summary = "One approximation, measured; -o writes it.",
        .more = "-o decides by its ending: .png, .pgm, .ppm, .pnm and .pam the picture, .npy, "
                ".safetensors and .gguf the dense result, .factors.safetensors the packed factors. "
                "Where a "
                "right factor was fitted to a rounded left one, the JSON's loss tells what the "
                "rank leaves out (tail), what the left factor adds (left: its rounding, and of a "
                "sketch its chance) and what rounding the right one adds (right), relative to "
                "||A||; their squares add up to the error's. null: not known. Several matrices are "
                "approximated together by a method that shares a factor among them, else one by "
                "one; JSON has an object for each. What they share is a portion of each one's "
                "bits by its rows, and of the total told as shared_bits.",
        .groups = run_groups,
        .takes_method = METHOD_FIRST,
        .least = 1,
        .most = SELECTION_MAX,
        .run = run_word,
    },
    {
        .name = "solve",
        .arguments = "FILE[::NAME] GOAL",
        .summary = "The cheapest setting that meets a goal: err<5%, psnr>30, ssim>0.9, energy>95%, "
                   "size<60K (bytes of the factors file), bits<1.5 (an entry).",
        .more =
            "Cheapest is the smallest file where the goal is about quality, and the least error "
            "where it is about size. The rank is searched (of a method without one its bits) by "
            "runs that are measured, the settings beside the answer too. That no setting meets "
            "the goal is an answer as well: met is false in JSON, the setting that comes nearest "
            "is told, and the exit is 0; but with -o, which then writes nothing, it is 4. Quote "
            "the goal: < and > mean something to a shell.",
        .groups = solve_groups,
        .takes_method = METHOD_AS_FLAG,
        .least = 2,
        .most = 2,
        .run = solve_word,
    },
    {
        .name = "compare",
        .arguments = "FILE[::NAME]...",
        .summary = "Every method at the same size, --bits-per-entry B or --bytes N, by error.",
        .more =
            "Of each method the settings of bits, quantizers, scales and the like are searched by "
            "coarse runs, the best two run in full, and so does what its source describes "
            "(\"paper\"), all at the largest rank that fits. Only full runs are shown: * has the "
            "least error, + no other row beats in both size and error. Below them is what one "
            "would use instead, of pictures: PNG, JPEG and a PNG of fewer levels, whole files "
            "within the same bytes. Several matrices share the size, and methods that give them "
            "one "
            "factor take part.",
        .groups = compare_groups,
        .takes_method = METHOD_AS_FLAG,
        .least = 1,
        .most = SELECTION_MAX,
        .run = compare_word,
    },
    {
        .name = "sweep",
        .arguments = "METHOD FILE[::NAME]",
        .summary = "One row per setting of --vary, as soon as it is measured: CSV, or JSON lines "
                   "with --json; -o writes them to a file.",
        .more =
            "CSV as RFC 4180 has it, with a header and every digit; what is not known is empty. A "
            "JSON line is the object that run prints. A setting that cannot be run has a row too, "
            "whose column `error` says why; only where none can be run does the word fail. The SVD "
            "of the matrix is computed once for all rows, and their seconds leave it out. Where "
            "it is interrupted, the rows so far stay.",
        .groups = sweep_groups,
        .takes_method = METHOD_FIRST,
        .least = 1,
        .most = 1,
        .run = sweep_word,
    },
    {
        .name = "groups",
        .arguments = "MODEL",
        .summary = "Matrices of a language model that share an input, and what one right factor "
                   "for each set of them would save and cost.",
        .more =
            "Q with K, the gate with up, of every layer and expert, by the names of the tensors; "
            "--group takes others. With a rule for the ranks it tells the share of the model that "
            "goes, and the relative errors of joint factors and of separate ones of the same "
            "parameters: with one share of every matrix (separate), and dealt out by singular "
            "values (greedy). That the joint error is smaller proves no shared structure; --null "
            "does: z below -3. A rank that would save nothing leaves a group as it is. `run "
            "joint-rank MODEL --group NAME` writes the factors of one.",
        .groups = groups_groups,
        .least = 1,
        .most = 1,
        .run = groups_word,
    },
    {
        .name = "denoise",
        .arguments = "[FILE[::NAME]]",
        .summary = "Hides a mark in a matrix and cuts it to a rank: how much of the mark is left, "
                   "and what the cut does to the matrix.",
        .more =
            "The mark is A x y^T of random unit x and y, and the response x^T W y is what a "
            "detector sees that knows both. Without a FILE the matrix is made up: 256 x 256, rank "
            "8, singular values from 4 to 1.5, with noise of 0.02 an entry, so that errors are "
            "to what lies under the noise; of a FILE they are to the matrix as it is, since "
            "nobody knows better. A cut to the rank that the matrix had without the mark takes "
            "out one that is weaker than its components, and keeps a stronger one in their "
            "place; a rule (--rule) keeps every mark that shows in the spectrum.",
        .groups = denoise_groups,
        .least = 0,
        .most = 1,
        .run = denoise_word,
    },
    {
        .name = "gaps",
        .arguments = "[FILE[::NAME]]",
        .summary =
            "Eigenvalue gaps of a covariance, and what noise of a price does to its top k: laws "
            "and simulated runs. Not private.",
        .more =
            "Rows are people: the covariance is A^T A of rows clipped to --clip, or the matrix "
            "itself "
            "with --input covariance. Errors are ||X - M_k|| of the top k with real noise (real), "
            "shrunk, of the real part of the top k with complex noise (y), of that cut back to "
            "rank k "
            "(y-k), and of the complex top k. The first order is to be believed where its doubt is "
            "small, whether or not the paper's condition holds. True eigenvalues are shown: a look "
            "before any release, for public data or the curator's own eyes. Without a FILE, "
            "--table "
            "holds the mechanisms side by side, --exponents the powers of the paper's bound, and "
            "--statistics the gaps of the noise alone to random matrix theory, each field in a "
            "table: "
            "a reading passes or fails by its band; it is open where there are too few draws to "
            "tell, and has no mark (-) where it has no mean or the side is too small for its "
            "target.",
        .groups = gaps_groups,
        .least = 0,
        .most = 1,
        .run = gaps_word,
    },
    {
        .name = "private",
        .arguments = "FILE[::NAME]",
        .summary = "A private release of a covariance: shows the price, asks, spends, writes the "
                   "ledger.",
        .more =
            "A row is a person. A^T A of the rows, shortened to --clip, gets noise from the "
            "system's generator, so that no release can be repeated; what is written is the noisy "
            "matrix (.safetensors, with its eigenvalues and its facts; .npy: the output of "
            "--rank alone), and whatever is computed from it afterwards is free. The price is "
            "written to $XDG_STATE_HOME/eigenscope/ledger before the first number is drawn, and a "
            "release beyond --budget is refused with exit 5. --price tells what it would cost "
            "without any data, --ledger what was spent. Nothing that is printed depends on the "
            "data but what was paid for. What is promised, to whom and what is not: "
            "docs/privacy.md.",
        .groups = private_groups,
        .least = 0,
        .most = 1,
        .run = private_word,
    },
    {
        .name = "audit",
        .arguments = "",
        .summary = "Tries to break the private mechanism's promise, on this machine.",
        .more =
            "Releases two neighbours many times over, by the code that makes real releases, and "
            "looks whether what comes out tells which it was: how far apart the two are in "
            "deviations (to be mu), whether an event that was chosen by one half of the samples is "
            "likelier in the other half than (epsilon, delta) allow, and which epsilon they prove "
            "at least, with confidence 0.95 (Clopper, Pearson). A verdict needs five standard "
            "errors; where the promise is broken, or bought with more noise than it needs, the "
            "exit is 1. That nothing was found is no proof. No ledger is touched.",
        .groups = audit_groups,
        .least = 0,
        .most = 0,
        .run = audit_word,
    },
    {
        .name = "expand",
        .arguments = "FACTORS -o OUT",
        .summary = "Packed factors back to a dense picture, array or tensor file.",
        .more = "The bytes are those that `run -o OUT` writes.",
        .groups = expand_groups,
        .least = 1,
        .most = 1,
        .run = expand_word,
    },
    {
        .name = "frame",
        .arguments = "FILE[::NAME]",
        .summary = "One frame of the workbench on stdout.",
        .more = "",
        .groups = frame_groups,
        .least = 0,
        .most = 1,
        .run = frame_word,
    },
    {
        .name = "doctor",
        .arguments = "",
        .summary = "What was found: backends, devices, libraries, terminal, limits; and what to do "
                   "about gaps.",
        .more = "",
        .groups = plain_groups,
        .run = doctor_word,
    },
    {
        .name = "docs",
        .arguments = "[PAGE]",
        .summary = "Prints the reference pages, or one of them.",
        .more = "",
        .groups = plain_groups,
        .most = 1,
        .run = docs_word,
    },
    { 0 },
};

static bool on_screen(struct model *m, struct backend *backend, const struct term_options *o,
                      struct error *err)
{
    stray_hold();
    bool ok = tui_run(m, backend, o, err);
    stray_tell();
    return ok;
}

static bool read_speed(const char *text, double *speed, struct error *err)
{
    char *end;
    *speed = text ? strtod(text, &end) : 1;
    return !text || (end != text && !*end && *speed >= 0.01 && *speed <= 1000) ||
           fail(err, ERROR_USAGE, "--speed: '%s' is not a number from 0.01 to 1000", text);
}

static bool open_hands(const struct options *o, struct model *m, struct error *err)
{
    double speed;
    return read_speed(o->speed, &speed, err) &&
           (!o->record || (m->recorder = recorder_open(o->record, o->common.force, m, err))) &&
           (!o->replay || (m->player = player_open(o->replay, speed, err)));
}

/* For -r: what is open, and how it is looked at. */
static void keep(const struct model *m)
{
    char path[PATH_TEXT];
    struct error err;
    if (m->document &&
        (!session_path(path, sizeof(path), true, &err) || !session_write(m, path, &err)))
        cli_note("the session was not kept: %s", err.text);
}

/* Records and plays while the screen runs; what it shows at its end is kept for -r. */
static bool workbench_on(const struct options *o, struct engine *e, struct model *m,
                         struct error *err)
{
    const struct term_options t = {
        .color = (enum term_color)o->screen.color,
        .ascii = o->screen.ascii,
        .scheme = (enum scheme)o->screen.theme,
    };
    history_forget(m);
    m->patient = true;
    bool ok = open_hands(o, m, err);
    struct player *player = m->player; /* the model lets go of it at its end */
    ok = ok && on_screen(m, e->backend, &t, err);
    player_close(player);
    if (ok)
        keep(m);
    bool recorded = recorder_close(m->recorder, m, ok ? err : &(struct error){ 0 });
    return ok && recorded;
}

/* A recording begins with all that is set, and that waits for the file. */
static bool patient(const struct options *o)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !o->record;
}

static bool workbench_word(struct call *c, struct error *err)
{
    struct model m = { 0 };
    struct engine e = { 0 };
    bool ok = engine_open(&c->o, &e, err) && cli_model(&c->o, &m, patient(&c->o), err) &&
              cli_begin(&c->o, &m, err) &&
              (!atomic_load(&cli_cancel) || fail(err, ERROR_CANCELLED, "interrupted")) &&
              workbench_on(&c->o, &e, &m, err);
    if (m.abandoned) {
        sink_emergency();
        _exit(ok ? 0 : cli_fail(err));
    }
    model_finish(&m);
    engine_close(&e);
    return ok;
}

const struct word workbench = {
    .name = "workbench",
    .arguments = "[FILE[::NAME]]",
    .summary = "The workbench on a file; without one, its start page with the built-in demos.",
    .more = "",
    .groups = workbench_groups,
    .most = 1,
    .run = workbench_word,
};

/* Whether a first argument can only be meant as a file. */
static bool is_file(const char *text)
{
    return !strncmp(text, "demo:", 5) || strstr(text, "::") || strpbrk(text, "./") ||
           access(text, F_OK) == 0;
}

static int neither(const char *text)
{
    const char *names[32];
    size_t n = 0;
    while (words[n].name)
        names[n] = words[n].name, n++;
    const char *nearest = options_nearest(text, names, n);
    struct error err;
    fail(&err, ERROR_USAGE,
         "'%s' is neither a word nor a file%s%s%s; `eigenscope --help` lists the words", text,
         nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    return cli_fail(&err);
}

static bool program_word(struct call *c, struct error *err)
{
    (void)err;
    help_program(c->out);
    return true;
}

static bool version_word(struct call *c, struct error *err)
{
    (void)err;
    fprintf(c->out, "eigenscope %s\n", EIGENSCOPE_VERSION);
    return true;
}

int main(int argc, char **argv)
{
    static const struct word help = {
        .name = "--help", .arguments = "", .more = "", .groups = plain_groups, .run = program_word
    };
    static const struct word version = { .name = "--version",
                                         .arguments = "",
                                         .more = "",
                                         .groups = plain_groups,
                                         .run = version_word };
    confine_serve(argc, argv, decode_works);
    cli_signals();
    if (argc < 2)
        return cli_run(&workbench, 0, argv + 1);
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
        return cli_run(&help, 0, argv + 2);
    if (!strcmp(argv[1], "--version"))
        return cli_run(&version, 0, argv + 2);
    for (const struct word *w = words; w->name; w++)
        if (!strcmp(argv[1], w->name))
            return cli_run(w, argc - 2, argv + 2);
    if (argv[1][0] != '-' && !is_file(argv[1]))
        return neither(argv[1]);
    return cli_run(&workbench, argc - 1, argv + 1);
}
