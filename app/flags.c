#include "options.h"

#include "document.h"
#include "term.h"

static const char *const precision_choices[] = { "f32", "f64", NULL };
static const char *const count_choices[] = { "true", "paper", NULL };

/* What unseeded_group leaves out comes first. */
enum { SEEDED = 3 };
static const struct param common_rows[] = {
    {
        PARAM(struct common_flags, seed),
        .title = "Seed",
        .shorthand = "seed",
        .unit = "",
        .help = "Decides every random choice.",
        .source = "",
        .min = 0,
        .max = 0x1p64,
        .def = 1,
        .paper = 1,
    },
    {
        PARAM(struct common_flags, precision),
        .title = "Precision",
        .shorthand = "prec",
        .unit = "",
        .help = "Precision of the computation; --paper makes it f64.",
        .source = "",
        .min = 0,
        .max = 1,
        .def = 0,
        .paper = 1,
        .choices = precision_choices,
    },
    {
        PARAM(struct common_flags, nonfinite),
        .title = "NaN and infinities",
        .shorthand = "nonfin",
        .unit = "",
        .help = "What to do with NaN and infinities in the input.",
        .source = "",
        .min = 0,
        .max = 2,
        .choices = nonfinite_names,
    },
    {
        PARAM(struct common_flags, threads),
        .title = "Threads",
        .shorthand = "threads",
        .unit = "threads",
        .help = "Processor threads; 0 is one per processor.",
        .source = "",
        .min = 0,
        .max = 1024,
    },
    {
        PARAM(struct common_flags, json),
        .title = "JSON",
        .shorthand = "json",
        .unit = "",
        .help = "Prints one JSON object, numbers with full precision.",
        .source = "",
        .min = 0,
        .max = 1,
    },
    {
        PARAM(struct common_flags, quiet),
        .title = "Quiet",
        .shorthand = "quiet",
        .unit = "",
        .help = "Shows no progress.",
        .source = "",
        .min = 0,
        .max = 1,
    },
    {
        PARAM(struct common_flags, force),
        .title = "Force",
        .shorthand = "force",
        .unit = "",
        .help = "Overwrites an existing output.",
        .source = "",
        .min = 0,
        .max = 1,
    },
};

static const struct text_flag common_texts[] = {
    {
        .name = "backend",
        .value = "NAME",
        .offset = offsetof(struct options, backend),
        .help = "Where it computes: auto, or a backend that `eigenscope doctor` lists.",
    },
    {
        .name = "device",
        .value = "N|NAME",
        .offset = offsetof(struct options, device),
        .help = "Which device of that backend, by its number or a part of its name; auto looks at "
                "the processor first.",
    },
    {
        .name = "max-memory",
        .value = "SIZE",
        .offset = offsetof(struct options, max_memory),
        .help =
            "Refuses what would need more than SIZE bytes (K, M, G: times 1024); three quarters "
            "of the machine's memory unless given.",
    },
    { 0 },
};

const struct flag_group common_group = {
    .title = "Flags every word takes",
    .params = PARAM_TABLE(struct common_flags, common_rows),
    .offset = offsetof(struct options, common),
    .texts = common_texts,
};

static const char *const unseeded_refused[] = {
    "seed",      "its noise is drawn anew each time, and nobody can choose or repeat it",
    "precision", "rows become whole numbers, which are exact",
    "nonfinite", "a row with NaN or infinities counts as zeros, and nothing says so",
    NULL,
};
const struct flag_group unseeded_group = {
    .title = "Flags of every word",
    .params = { .rows = common_rows + SEEDED,
                .n = sizeof(common_rows) / sizeof(common_rows[0]) - SEEDED,
                .size = sizeof(struct common_flags) },
    .offset = offsetof(struct options, common),
    .texts = common_texts,
    .refused = unseeded_refused,
};

static const struct param run_rows[] = {
    {
        PARAM(struct run_flags, bits_per_entry),
        .title = "Bits per entry",
        .shorthand = "bpe",
        .unit = "bits",
        .help =
            "Takes the largest rank whose size is at most this many bits per entry; 0 leaves it "
            "to --rank.",
        .source = "",
        .min = 0,
        .max = 1024,
        .def = 0,
        .paper = 0,
    },
    {
        PARAM(struct run_flags, count),
        .title = "Count",
        .shorthand = "count",
        .unit = "",
        .help = "What --bits-per-entry counts: all that expand needs but the header, or codes "
                "alone as papers do.",
        .source = "",
        .min = 0,
        .max = 1,
        .def = 0,
        .paper = 1,
        .choices = count_choices,
    },
    {
        PARAM(struct run_flags, paper),
        .title = "Paper",
        .shorthand = "paper",
        .unit = "",
        .help = "Sets every flag that is not given to what the method's source describes.",
        .source = "",
        .min = 0,
        .max = 1,
    },
};
/* What compare takes of them: its sizes are lists. */
static const struct param compare_rows[] = {
    {
        PARAM(struct run_flags, count),
        .title = "Count",
        .shorthand = "count",
        .unit = "",
        .help = "What --bits-per-entry counts: all that expand needs but the header, or codes "
                "alone as papers do.",
        .source = "",
        .min = 0,
        .max = 1,
        .def = 0,
        .paper = 1,
        .choices = count_choices,
    },
    {
        PARAM(struct run_flags, paper),
        .title = "Paper",
        .shorthand = "paper",
        .unit = "",
        .help = "Computes and counts as papers do: --precision f64 --count paper. Their settings "
                "have a row anyway.",
        .source = "",
        .min = 0,
        .max = 1,
    },
    {
        PARAM(struct run_flags, commands),
        .title = "Commands",
        .shorthand = "commands",
        .unit = "",
        .help = "Prints below the table the command that runs each row alone; JSON has it always.",
        .source = "",
        .min = 0,
        .max = 1,
    },
};
static const struct text_flag compare_texts[] = {
    {
        .name = "bits-per-entry",
        .value = "B,...",
        .offset = offsetof(struct options, bits_list),
        .help = "At most so many bits per entry of the matrix; of several sizes a table each.",
    },
    {
        .name = "bytes",
        .value = "SIZE,...",
        .offset = offsetof(struct options, bytes_list),
        .help = "At most so many bytes of the packed factors file, header and all (K, M, G: times "
                "1024), instead of --bits-per-entry.",
    },
    {
        .name = "methods",
        .value = "METHOD,...",
        .offset = offsetof(struct options, method_list),
        .help = "Which methods; every one unless given. Their flags are taken, too, and then stay "
                "as they are given.",
    },
    { 0 },
};
const struct flag_group compare_group = {
    .title = "Size and methods",
    .params = PARAM_TABLE(struct run_flags, compare_rows),
    .offset = offsetof(struct options, run),
    .texts = compare_texts,
};

static const struct text_flag sweep_texts[] = {
    {
        .name = "vary",
        .value = "FLAG=VALUES",
        .offset = offsetof(struct options, vary),
        .help = "Values of one flag of the method: a list 2,4,8, steps 1:40:+1, factors 1:128:*2, "
                "or lists of these. Given several times, every value of one goes with every value "
                "of the others, the last one changing fastest.",
    },
    { 0 },
};
const struct flag_group sweep_group = { .title = "What is varied", .texts = sweep_texts };

const struct flag_group run_group = {
    .title = "Size and settings",
    .params = PARAM_TABLE(struct run_flags, run_rows),
    .offset = offsetof(struct options, run),
};

static const struct param list_rows[] = {
    {
        PARAM(struct list_flags, metadata),
        .title = "Metadata",
        .shorthand = "metadata",
        .unit = "",
        .help = "Also what the file says of itself: the keys of GGUF, those of safetensors and of "
                "a config.json beside it.",
        .source = "",
    },
};
const struct flag_group list_group = {
    .title = "What is listed",
    .params = PARAM_TABLE(struct list_flags, list_rows),
    .offset = offsetof(struct options, list),
};

static const struct param picture_rows[] = {
    {
        PARAM(struct picture_flags, planes),
        .title = "Planes",
        .shorthand = "planes",
        .unit = "",
        .help = "How a colour picture is taken apart.",
        .source = "",
        .min = 0,
        .max = 1,
        .choices = planes_names,
    },
};
const struct flag_group picture_group = {
    .title = "Pictures",
    .params = PARAM_TABLE(struct picture_flags, picture_rows),
    .offset = offsetof(struct options, picture),
};

static const struct param screen_rows[] = {
    {
        PARAM(struct screen_flags, color),
        .title = "Colour",
        .shorthand = "color",
        .unit = "",
        .help = "Colours of the screen; auto looks at the terminal, and is none in a frame.",
        .source = "",
        .min = 0,
        .max = TERM_MONO,
        .choices = term_color_names,
    },
    {
        PARAM(struct screen_flags, theme),
        .title = "Theme",
        .shorthand = "theme",
        .unit = "",
        .help = "Colour scheme.",
        .source = "",
        .min = 0,
        .max = SCHEME_COUNT - 1,
        .choices = scheme_names,
    },
    {
        PARAM(struct screen_flags, ascii),
        .title = "ASCII",
        .shorthand = "ascii",
        .unit = "",
        .help = "Draws with ASCII characters only.",
        .source = "",
        .min = 0,
        .max = 1,
    },
};
const struct flag_group screen_group = {
    .title = "Screen",
    .params = PARAM_TABLE(struct screen_flags, screen_rows),
    .offset = offsetof(struct options, screen),
};

static const struct text_flag many_texts[] = {
    {
        .name = "group",
        .value = "GROUP",
        .offset = offsetof(struct options, group),
        .help = "Takes the matrices of a group: one that `eigenscope groups MODEL` lists, as "
                "blk.0.qk or model.layers.3.gate_up, or names of matrices with commas between "
                "them, each with a range of its rows where a part is meant: NAME,NAME[0:576].",
    },
    { 0 },
};
const struct flag_group many_group = { .title = "Several matrices", .texts = many_texts };

static const struct text_flag output_texts[] = {
    {
        .name = "output",
        .letter = "o",
        .value = "FILE",
        .offset = offsetof(struct options, output),
        .help = "Writes the result; the ending decides the format.",
    },
    { 0 },
};
const struct flag_group output_group = { .title = "Output", .texts = output_texts };

static const struct text_flag commands_texts[] = {
    {
        .name = "execute",
        .letter = "x",
        .value = "COMMANDS",
        .offset = offsetof(struct options, commands),
        .help =
            "Runs workbench commands first, as typed after `:`, separated by semicolons; a key's "
            "name alone is that key: -x 'k 24; w' wipes.",
    },
    {
        .name = "restore",
        .letter = "r",
        .value = "[FILE]",
        .offset = offsetof(struct options, restore),
        .optional = true,
        .help = "Begins as a session says: FILE, or the last one, which is kept when the workbench "
                "is left; a FILE to look at stays the one that is open.",
    },
    {
        .name = "view",
        .value = "VIEW",
        .offset = offsetof(struct options, view),
        .help = "Which view to show.",
    },
    { 0 },
};
const struct flag_group commands_group = { .title = "Workbench", .texts = commands_texts };

static const struct text_flag session_texts[] = {
    {
        .name = "record",
        .value = "FILE",
        .offset = offsetof(struct options, record),
        .help = "Writes what is pressed, and when, as a session that can be played.",
    },
    {
        .name = "replay",
        .value = "FILE",
        .offset = offsetof(struct options, replay),
        .help = "Plays a session; any key takes over.",
    },
    {
        .name = "speed",
        .value = "X",
        .offset = offsetof(struct options, speed),
        .help = "So many times as fast, 0.01 to 1000; 1 unless given.",
    },
    { 0 },
};
const struct flag_group session_group = { .title = "Sessions with time", .texts = session_texts };

static const struct text_flag frame_texts[] = {
    {
        .name = "size",
        .value = "WxH",
        .offset = offsetof(struct options, size),
        .help = "Size of the frame in cells; 80x24 unless given.",
    },
    { 0 },
};
const struct flag_group frame_group = { .title = "Frame", .texts = frame_texts };

static const struct text_flag solve_texts[] = {
    {
        .name = "method",
        .value = "METHOD",
        .offset = offsetof(struct options, method_name),
        .help = "Which method; every one unless given. Its other flags are taken, too, and without "
                "--method by every method that knows them.",
    },
    {
        .name = "search",
        .value = "bits",
        .offset = offsetof(struct options, search),
        .help = "Also searches the bits of the left and of the right factor, from 2 to 8 each.",
    },
    { 0 },
};
const struct flag_group solve_group = { .title = "What is searched", .texts = solve_texts };

static const struct param scan_rows[] = {
    {
        PARAM(struct scan_flags, reverse),
        .title = "Reverse",
        .shorthand = "reverse",
        .unit = "",
        .help = "Prints the rows the other way round.",
        .source = "",
        .min = 0,
        .max = 1,
    },
    {
        PARAM(struct scan_flags, fresh),
        .title = "Fresh",
        .shorthand = "fresh",
        .unit = "",
        .help = "Looks at every matrix anew, whatever an earlier scan has kept.",
        .source = "",
        .min = 0,
        .max = 1,
    },
};
static const struct text_flag scan_texts[] = {
    {
        .name = "sort",
        .value = "COLUMN",
        .offset = offsetof(struct options, sort),
        .help = "Orders the rows by a column (`eigenscope docs scan` lists them) or by name, "
                "numbers in it by value; as in the file unless given.",
    },
    { 0 },
};
const struct flag_group scan_group = {
    .title = "Rows",
    .params = PARAM_TABLE(struct scan_flags, scan_rows),
    .offset = offsetof(struct options, scan),
    .texts = scan_texts,
};
