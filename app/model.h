#pragma once

#include "beside.h"
#include "browse.h"
#include "canvas.h"
#include "grouping.h"
#include "heat.h"
#include "history.h"
#include "inspect.h"
#include "layer_map.h"
#include "levels.h"
#include "opening.h"
#include "registry.h"
#include "runs.h"
#include "scanning.h"
#include "slots.h"
#include "study.h"
#include "theatre.h"
#include "worlds.h"
#include "zoom.h"

/* What the screen shows. The UI thread alone touches it; views only read it. It
 * knows no terminal and no thread: it says what it wants computed (model_want)
 * and takes what was (model_accept). */

enum overlay {
    OVERLAY_NONE,
    OVERLAY_HELP,
    OVERLAY_EXPORT,
    OVERLAY_METHODS,
    OVERLAY_TYPE,
    OVERLAY_LINE,    /* `:` */
    OVERLAY_PALETTE, /* the same with a list of all that can be done */
    OVERLAY_MENU,    /* what can be done with what was under the pointer */
    OVERLAY_SHELL,   /* the command that makes the same file */
    OVERLAY_FILTER,  /* of the weights view's tree */
    OVERLAY_CONFIRM, /* a release: the dataset's name is typed once more */
    OVERLAY_LEDGER,  /* what was spent on which data */
    OVERLAY_COUNT
};
enum pane_id { PANE_PICTURE, PANE_SPECTRUM, PANE_ERROR, PANE_FORM, PANE_COUNT };
enum { MODEL_METHODS = HISTORY_METHODS, MODEL_LINE = 256, MODEL_TYPED = 24 };

/* A row of cells that the pointer holds: enum zone, its index, where it lies. */
struct grip {
    enum zone zone;
    size_t index;
    int left, width;
};

/* What a menu is about, and the cell it was asked for in. */
enum menu_place { MENU_PICTURE, MENU_PLOT, MENU_FORM, MENU_REST, MENU_PLACES };
struct menu {
    enum menu_place place;
    int x, y;
};

/* Of the last frame that was written, ms and bytes; frames that a key overtook. */
struct frame_cost {
    double render_ms, text_ms, picture_ms, write_ms;
    size_t bytes; /* 0: not counted */
    unsigned long dropped;
};

/* Ranks and the pace of a sweep; 0 each: as sweep.c chooses. */
struct sweep {
    double from, to, step, factor, fps;
};

struct model {
    /* One per method, in registry order: switching loses nothing. */
    struct params_any params[MODEL_METHODS];
    struct request export;  /* waiting to be sent: REQUEST_EXPORT with a path; else path is "" */
    struct request asked;   /* the newest picture request, without its reference */
    struct opening opening; /* another document, on its way */
    bool patient; /* whoever runs the loop opens files by opening.h; else they are read at once */

    struct document *document; /* owned reference; NULL: the start page */
    char entry[NAME_TEXT];
    enum planes planes;
    enum dtype dtype;         /* of the computation */
    enum nonfinite nonfinite; /* what to do with NaN and infinities on the way in */
    const struct view *view;
    int width, height; /* of the screen, cells */
    bool unicode;
    bool elbow; /* wanted as rank as soon as the whole spectrum is known */

    const struct method *method;
    size_t field;  /* the focused row of the method's table; behind its last: the budget (hold.h) */
    double budget; /* bits per entry that the size is held at; 0: it is not */
    enum pane_id focus;
    enum overlay overlay;
    size_t overlay_line;   /* selected line of a menu, first line of the help */
    char line[MODEL_LINE]; /* typed text: a value, or the export's path */
    size_t line_at;        /* the cursor in it, bytes */
    bool overwrite;        /* export: the file exists, and Enter was pressed once */

    bool gaps;   /* spectrum pane: sigma_i - sigma_{i+1} instead of sigma_i */
    int y_scale; /* spectrum pane: 0 log, 1 linear, 2 relative to sigma_1 (log) */
    bool x_log;
    bool original; /* picture pane: the original instead of the approximation */

    struct subject *subject; /* owned; NULL until the first outcome */
    struct shown *shown;     /* owned */
    struct numbers numbers;  /* of what is shown; recomputed from prefix sums for nested methods */
    bool stale;              /* shown is not yet what the parameters say: "~" */
    bool quality_stale;      /* psnr, ssim, bytes are of an older setting: blanked */
    bool quality_asked;      /* of this setting, already */

    bool busy;             /* a request is out */
    bool quick;            /* it is out for a moment only: no progress is shown yet */
    bool asked_holds;      /* `asked` was answered, or is out, or was stopped: not asked again */
    enum request_kind out; /* the kind of the request that is out, when busy */
    uint64_t serial;       /* of the newest request */
    uint64_t opened;       /* outcomes up to this serial belong to a document that is gone */
    double progress;
    char stage[48];

    double frame_ms; /* of the last frame; < 0: not shown (tests, frame) */
    char mode[96];   /* how pictures reach the screen and why: "half blocks, 24-bit (COLORTERM)" */
    char message[MODEL_LINE]; /* the line above the status line */
    bool message_is_error;
    bool quit_asked;                    /* C-c was pressed with nothing running: once more quits */
    bool cancel, redraw, suspend, quit; /* wishes to whoever owns the terminal and the worker */

    /* A goal that waits for its answer, or is out, and the row it moves (aim.h). */
    struct goal goal;
    const struct param *goal_axis;
    bool goal_wanted;
    /* What the hands did and typed: history.h, line.h, session.h. */
    double now; /* seconds; whoever has a clock sets it before each key, only differences count */
    struct history history;
    struct mark marks[MARKS];
    /* After a prefix key: what takes the next one (Esc cancels), and what the status
     * line says until then. NULL: nothing is awaited. */
    void (*await)(struct model *m, const char *key);
    const char *awaited;
    char typed[MODEL_TYPED][MODEL_LINE]; /* lines after `:`, the oldest first */
    size_t typed_n, typed_at;            /* typed_at == typed_n: the draft is shown */
    char draft[MODEL_LINE];
    size_t fault; /* of a command that failed: the byte of its arguments, then of the line */
    bool faulty;  /* the line is shown with a caret under that byte */
    char tab_stem[MODEL_LINE]; /* the line as it was before the first Tab; "": none yet */
    size_t tab_at, tab_n;      /* the completion shown, of how many */
    bool keys_first; /* -x runs: a letter alone is its key even where a command is called so */
    int depth;       /* commands that run commands: they do so only so deep */
    int ran;         /* commands since one was typed, and all together only so many */
    char flags[192]; /* of the command line, for every command that should give the same bits */
    char copy[2048]; /* a wish: this text to the clipboard; "": none */
    struct recorder *recorder; /* borrowed; NULL: keys are not recorded */
    struct player *player;     /* borrowed; NULL: nothing is played */

    char prefix[16]; /* the first key of a pair, until the second comes; else "" */

    /* The pointer: mouse.h. */
    bool mouse_free;          /* the terminal has the mouse, to select text */
    struct grip grip;         /* what is being dragged */
    struct menu menu;         /* OVERLAY_MENU */
    int pointer_x, pointer_y; /* cell of the event being handled; -1: none is */

    bool statistics; /* drawn over the view */
    struct frame_cost cost;
    /* Comparing: slots.h. `original` comes before `difference`, and that before `wipe`. */
    struct slot slots[SLOT_COUNT];
    struct runs runs;     /* the compare view's */
    struct browse browse; /* the weights view's */
    struct inspect inspect;
    struct scanning scanning;
    struct layer_map layers;
    struct beside beside;
    struct grouping grouping; /* the groups view's */
    struct worlds worlds;     /* the privacy view's, beyond its sandbox */
    struct theatre theatre;   /* the privacy view's */
    bool wipe, difference;
    struct levels levels; /* histograms in place of the error curve */
    struct heat heat;     /* where the error is, in place of the picture */
    bool swapped;         /* B on the left, A on the right */
    double wipe_at;       /* of the bar: 0 left to 1 right */
    int channel;          /* 0: all; else this plane alone, counted from 1, in grey */

    /* Looking closer. */
    struct zoom zoom;
    bool full; /* the focused pane alone on the screen */
    /* A crosshair: in the plots on a rank, in the picture on an entry. */
    bool cross;
    size_t cross_rank;
    double cross_row, cross_col;
    /* The rank moves by itself. */
    bool sweeping;
    struct sweep sweep; /* how */
    double sweep_next;  /* when it moves again, ms of sweep_tick's clock */

    bool abandoned; /* the worker still runs: what it uses is not to be freed, only left */
};

bool model_init(struct model *m, struct error *err);
/* How many of `methods`, the first ones, the workbench chooses among: simulated mechanisms, which take a
 * covariance, stand behind them and have a view of their own. By name; NULL: none of those. */
size_t model_methods(void);
const struct method *model_method(const char *name);
void model_finish(struct model *m);

/* Shows another document (takes one reference) and drops what was known of the old one. */
void model_open(struct model *m, struct document *d, const char *entry);
void model_resize(struct model *m, int width, int height);

struct params_any *model_params(struct model *m); /* of the current method */
const struct params_any *model_params_const(const struct model *m);
const struct param *model_field(const struct model *m); /* the focused row; NULL if none */
/* Row i of the method, or behind the last the budget where one is held; NULL: there is none. */
const struct param *model_row(const struct model *m, size_t i);
const void *model_values(const struct model *m, const struct param *p); /* what row p is of */
size_t model_rank(const struct model *m); /* 0: the method has none; clamped to the matrix */
/* The largest value of a row that makes sense here: a rank ends at min(rows, cols). */
double model_limit(const struct model *m, const struct param *p);
void model_clamp(const struct model *m, struct params_any *params); /* of the current method */
void model_set_method(struct model *m, const struct method *method);
/* Tells the model that parameters changed: marks the picture stale, or, nested,
 * re-derives the numbers from prefix sums at once. */
void model_changed(struct model *m);

/* Whether a picture or a matrix is chosen of what is open: of a file of several none is at first. */
bool model_chosen(const struct model *m);
/* The same, failing with ERROR_USAGE: "WHO: nothing is open"; who may be "". */
bool model_needs_one(const struct model *m, const char *who, struct error *err);
/* Rows and columns of what is chosen, known before the first outcome. false: nothing is. */
bool model_shape(const struct model *m, double *rows, double *cols);
size_t model_planes(const struct model *m); /* matrices of that shape; 1 before they are read */
/* What a picture should be now: pixels, and the part of the matrix in it. */
void model_frame(const struct model *m, int *width, int *height, struct region *region);
/* Whether pictures of these settings, or of so many pixels of this part, are what is wanted now. The
 * parameters matter only where a rank is not a truncation. */
bool model_same_settings(const struct model *m, const struct method *method,
                         const struct params_any *params);
bool model_same_frame(const struct model *m, size_t w, size_t h, struct region r);
/* Tells the model that another part of the picture is looked at. */
void model_looked(struct model *m);

/* Nothing is out, or a comparison or scan, which go on after whatever overtakes them. */
bool model_rests(const struct model *m);

/* The next thing to compute, if any; idle: nothing was pressed for a while, so
 * that quality numbers may be asked for. The request owns a reference. */
bool model_want(struct model *m, bool idle, struct request *out);
/* The setting of now is to be written. false: another file is still to be. */
bool model_export(struct model *m, const char *path, bool force, struct error *err);
void model_accept(struct model *m, struct outcome *o); /* takes over what it keeps */
void model_say(struct model *m, bool error, const char *format, ...) PRINTF_LIKE(3, 4);
