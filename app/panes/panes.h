#pragma once

#include "canvas.h"
#include "model.h"

/* What views are composed of. A pane draws its own frame into the canvas it is
 * given and its content inside; where there is no room for a frame, the content
 * takes it all. Pure functions of the model and the canvas. */

void pane_picture(const struct model *m, struct canvas c);
void pane_spectrum(const struct model *m, struct canvas c);
void pane_levels(const struct model *m, struct canvas c);
void pane_error_curve(const struct model *m, struct canvas c);
void pane_parameters(const struct model *m, struct canvas c);
void pane_run_table(const struct model *m, struct canvas c);
void pane_tensor_tree(const struct model *m, struct canvas c);
void pane_tensor_facts(const struct model *m, struct canvas c);
void pane_anatomy_spectrum(const struct model *m, struct canvas c);
void pane_anatomy_histogram(const struct model *m, struct canvas c);
void pane_anatomy_map(const struct model *m, struct canvas c);
void pane_anatomy_ranks(const struct model *m, struct canvas c);
void pane_about(const struct model *m, struct canvas c); /* what the file says of itself */
void pane_run_plot(const struct model *m, struct canvas c);
void pane_beside(const struct model *m, struct canvas c); /* another model */
void pane_layer_map(const struct model *m, struct canvas c);
void pane_group_list(const struct model *m, struct canvas c);
void pane_group_numbers(const struct model *m, struct canvas c);
void pane_group_plot(const struct model *m, struct canvas c, int page); /* enum group_page */
/* Inside that, of GROUP_PAGE_MAPS; `whole` has the frame. */
void pane_group_maps(const struct model *m, const struct grouped *g, struct canvas c,
                     struct canvas whole);

/* The privacy view's area while worlds_away: the price of a release and what was spent, or what was released. */
void pane_worlds(const struct model *m, struct canvas c);
/* The privacy view's: its form, of so many rows in this width, and at its foot as many lines of numbers. */
void pane_privacy_form(const struct model *m, struct canvas c);
int pane_privacy_rows(int width);
enum { PANE_PRIVACY_LINES = 2 };
void pane_gap_paths(const struct model *m, struct canvas c);
void pane_gap_list(const struct model *m, struct canvas c);
void pane_noisy_spectrum(const struct model *m, struct canvas c);
void pane_noisy_error(const struct model *m, struct canvas c);
void pane_privacy_plane(const struct model *m, struct canvas c);
void pane_gap_histogram(const struct model *m, struct canvas c);
void pane_gap_strip(const struct model *m, struct canvas c);
struct canvas pane_theatre_frame(const struct model *m, struct canvas c, int focus,
                                 const char *title);
/* On the last row: the longest of them, NULL-terminated and the longest first, that fits. */
void pane_legend(struct canvas inside, const char *const *words);
void pane_price(const struct model *m, struct canvas c);    /* the form, and what it costs */
void pane_ledger(const struct model *m, struct canvas c);   /* what was spent on the dataset */
void pane_released(const struct model *m, struct canvas c); /* the released spectrum */
void pane_released_gaps(const struct model *m, struct canvas c);
void pane_released_facts(const struct model *m, struct canvas c); /* the form, and what follows */
struct canvas pane_world_frame(struct canvas c,
                               const char *title); /* as pane_frame, for nobody's focus */
/* The rows of the world's form, as many as fit; the line after the last. */
int pane_world_rows(const struct model *m, struct canvas c, int y, int most);
void pane_confirm(const struct model *m, struct canvas c);    /* over the view, as the next */
void pane_ledger_box(const struct model *m, struct canvas c); /* all datasets */

/* The frame, or none below 16 x 5; the inside either way. */
struct canvas pane_frame(const struct model *m, struct canvas c, enum pane_id pane,
                         const char *title);

/* The same of the weights view's panes; the right side's pages have the frame of a focus of their own. */
struct canvas pane_browse_frame(const struct model *m, struct canvas c, enum browse_pane pane,
                                const char *title);

/* The cells inside a pane of this size, as pane_frame leaves them. */
struct rect pane_inside(int width, int height);

/* The picture that fits into a pane of this size, in pixels of one cell's width and
 * half its height: the whole matrix, its aspect kept. false: nothing is open yet. */
bool pane_picture_size(const struct model *m, int cells_wide, int cells_high, int *wide, int *high);

/* The picture as a map of the error over `picture`, part of `inside`, which has the scale on its
 * last rows; false: nothing is there to show. And what it is, as a title. */
bool pane_heat_draw(const struct model *m, struct region r, int wide, int high,
                    struct canvas picture, struct canvas inside);
void pane_heat_title(const struct model *m, char *out, size_t size);

/* The column of the wipe's bar in a picture of so many pixels. */
int pane_wipe_column(const struct model *m, int wide);

/* What the focused pane says of its crosshair, or of the part of the picture it shows: one
 * line of at most `width` cells; "": nothing. */
void pane_readout(const struct model *m, int width, char *out, size_t size);

/* Lines the parameters pane needs under its sliders. */
enum { PANE_NUMBER_LINES = 2 };

/* One phrase for the status line of a small screen: "k=24 13.20%". */
void pane_summary(const struct model *m, char *out, size_t size);

/* "820 KB", "3.20 MB": 1000 bytes a KB, three digits. */
void pane_bytes(uint64_t bytes, char *out, size_t size);

/* What lies over a view, in the middle of c. */
void pane_help(const struct model *m, struct canvas c);
void pane_export(const struct model *m, struct canvas c);
void pane_methods(const struct model *m, struct canvas c);
void pane_start(const struct model *m, struct canvas c); /* no document: what could be opened */

/* What the last frame cost, over the top right corner of c. */
void pane_statistics(const struct model *m, struct canvas c);

void pane_menu(const struct model *m, struct canvas c);    /* beside the pointer */
void pane_palette(const struct model *m, struct canvas c); /* a list over the foot of c */
void pane_shell(const struct model *m, struct canvas c); /* the command that makes the same file */

/* The `:` line on the row before the last of the whole screen; under it the caret and
 * the fault, or what the command wants. */
void pane_line(const struct model *m, struct canvas c);

/* A framed, blanked box of at most this size in the middle; its inside. */
enum { PANE_BOX_WIDTH = 76 };
struct canvas pane_box(struct canvas c, int width, int height, const char *title);

/* Words wrapped to the canvas from column x; returns the line after the last. */
int pane_paragraph(struct canvas c, int x, int y, enum ink ink, const char *text);
