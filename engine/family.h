#pragma once

#include "document.h"

/* What a tensor of a language model is for, told by its name alone, and which of them
 * share an input: the groups of joint rank-k (Peng et al., arXiv 2402.16319, as far as its pairs
 * are known: W_Q with W_K, W_gate with W_up). Any thread. */

enum module {
    MODULE_OTHER,
    MODULE_Q,
    MODULE_K,
    MODULE_V,
    MODULE_O,
    MODULE_QKV, /* fused: rows of Q, then of K, then of V */
    MODULE_GATE,
    MODULE_UP,
    MODULE_GATE_UP, /* fused: rows of the gate, then of up */
    MODULE_DOWN,
    MODULE_ROUTER, /* of a mixture of experts */
    MODULE_EMBEDDING,
    MODULE_HEAD,
    MODULE_COUNT
};
extern const char *const module_names[]; /* "other", "q", ..., by enum module */

enum { EXPERT_NONE = -1, EXPERT_SHARED = -2, LAYER_NONE = -1 };
struct role {
    enum module module;
    int layer;  /* LAYER_NONE: of no layer */
    int expert; /* from 0; EXPERT_NONE; EXPERT_SHARED: the one that every token passes */
    /* stored (in x out), as the Conv1D layers of GPT-2 are; all others are (out x in) */
    bool transposed;
    size_t stem; /* bytes of the name up to and with its layer's number: what tells two towers of
                    one model apart; 0 without a layer */
};
/* Names of llama, mistral, mixtral, qwen2 (and its mixture of experts), phi-2 and phi-3, gemma,
 * gpt2, bert, and those of GGUF. What is not known is MODULE_OTHER of no layer. */
struct role family_role(const char *name);

/* Rows first .. first + rows of the output side of one entry: all of it, or a part of a
 * fused one. */
struct member {
    size_t entry; /* its number in the document */
    bool transposed;
    size_t first, rows;
    enum module module;
};

/* Matrices (out x in) with the same input. */
enum group_kind { GROUP_QK, GROUP_GATE_UP, GROUP_HAND, GROUP_KINDS };
enum { GROUP_MEMBERS = SELECTION_MAX };
extern const char *const group_kind_names[]; /* "qk", "gate_up", "hand" */
struct group {
    char name[NAME_TEXT]; /* "blk.0.qk", "model.layers.3.gate_up[5]" (expert 5), "[shared]";
                             by hand: what was typed */
    enum group_kind kind;
    int layer, expert; /* as in struct role */
    size_t cols;       /* of every member: the input's width */
    struct member members[GROUP_MEMBERS];
    size_t n;
};
size_t group_rows(const struct group *g); /* of all members */

/* All that a model offers, in the order of its layers (of each: QK, then gate and up, then
 * experts). */
struct groups {
    struct group *list; /* owned */
    size_t n;
    char notice[240]; /* what was left out and why, what was cut by its shape, or "" */
};

/* Q and K of every layer, gate and up of every layer and expert. A fused tensor is cut by the
 * counts of heads in the document's facts; where they say nothing by the output projection's width,
 * or in thirds, which the notice says. What cannot be cut so, or is of unequal widths, is left out,
 * which it says, too.
 * No groups at all is no failure. Reads no entries. Fails with ERROR_MEMORY. */
bool family_groups(const struct document *d, struct groups *out, struct error *err);
void groups_finish(struct groups *g); /* {0} is fine */
/* By its name, or the end of its name after a dot where only one ends so; NULL: none. */
const struct group *groups_find(const struct groups *g, const char *name);

/* Whichever `text` is: the name of a group as above, or one by hand. ERROR_USAGE. */
bool group_named(const struct document *d, const char *text, struct group *out, struct error *err);

/* By hand: NAME,NAME[a:b],...: rows a up to and without b of the output side, counted from 0; of
 * either, none means the end. Fails with ERROR_USAGE: no such matrix, unequal widths, a row twice,
 * too many. */
bool group_parse(const struct document *d, const char *text, struct group *out, struct error *err);
/* Whether it could be computed with: equal widths, rows that exist, none twice. ERROR_USAGE. */
bool group_check(const struct document *d, const struct group *g, struct error *err);

/* A group as a stack that a run works on: its members are named as member_text does. */
bool selection_group(struct document *d, const struct group *g, struct selection *out,
                     struct error *err);

/* "NAME", or "NAME[a:b]" of a part; the text that group_parse reads. */
void member_text(const struct document *d, const struct member *m, char *out, size_t size);

/* The entries of every member, (out x in), into members[0 .. g->n - 1], which the caller
 * finishes; left as they were on failure. Fails as document_read; entries that are not
 * finite are the caller's to find. */
bool group_read(const struct document *d, const struct group *g, enum dtype dtype,
                struct matrix *members, struct error *err);
bool member_read(const struct document *d, const struct member *m, enum dtype dtype,
                 struct matrix *out, struct error *err);
