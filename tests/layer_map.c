/* The weights view's map of layers: what stands in its cells, how one moves in it, and what it looks like,
 * of a model whose numbers are made up here. */

#include "golden.h"

#include <math.h>

#include "actions.h"
#include "memory.h"

enum { LAYERS = 4, PER_LAYER = 7, EXPERTS = 2, ENTRIES = LAYERS * PER_LAYER + EXPERTS + 1 };

struct fixture {
    struct model m;
    struct document document;
    struct entry entries[ENTRIES];
    char names[ENTRIES][48], document_name[16];
};

static void put(struct fixture *f, size_t rows, size_t cols, const char *name, int layer)
{
    size_t i = f->document.n++;
    if (layer < 0)
        snprintf(f->names[i], sizeof(f->names[i]), "%s", name);
    else
        snprintf(f->names[i], sizeof(f->names[i]), "blk.%d.%s.weight", layer, name);
    f->entries[i] = (struct entry){
        .name = f->names[i], .rows = rows, .cols = cols, .dtype = "F16"
    };
}

/* The second layer has no matrix for V. */
static void fill_document(struct fixture *f)
{
    strcpy(f->document_name, "tiny.gguf");
    f->document = (struct document){ .references = 2,
                                     .name = f->document_name,
                                     .entries = f->entries };
    put(f, 512, 64, "token_embd.weight", -1);
    for (int i = 0; i < LAYERS; i++) {
        put(f, 64, 64, "attn_q", i);
        put(f, 32, 64, "attn_k", i);
        if (i != 1)
            put(f, 32, 64, "attn_v", i);
        put(f, 64, 64, "attn_output", i);
        put(f, 172, 64, "ffn_gate", i);
        put(f, 172, 64, "ffn_up", i);
        put(f, 64, 172, "ffn_down", i);
    }
}

/* r90 is a tenth of the shorter side for every layer, from one tenth on. */
static void fill_rows(struct fixture *f)
{
    for (size_t i = 0; i < f->document.n; i++) {
        const struct entry *e = &f->entries[i];
        double side = fmin((double)e->rows, (double)e->cols);
        int layer = family_role(e->name).layer;
        struct scan_row row = { .done = true };
        for (int c = 0; c < SCAN_COLUMNS; c++)
            row.values[c] = (double)NAN;
        row.values[SCAN_ROWS] = row.values[SCAN_COLS] = 0;
        row.values[SCAN_RANK_90] = side * (layer + 1) / 10;
        row.values[SCAN_ALPHA] = 2 + 0.25 * (double)i;
        scanning_put(&f->m, i, &row);
    }
}

static void press(struct fixture *f, const char *key)
{
    f->m.message[0] = 0;
    action_press(&f->m, key, key[1] ? 0 : (uint32_t)(unsigned char)key[0]);
}

static bool at(const struct fixture *f, const char *name)
{
    const struct entry *e = browse_entry(&f->m);
    if (!e || strcmp(e->name, name) != 0)
        printf("# at %s, not %s\n", e ? e->name : "nothing", name);
    return e && !strcmp(e->name, name);
}

static void test_cells(struct fixture *f)
{
    const struct layer_map *map = &f->m.layers;
    double share;
    CHECK(map->layers == LAYERS && map->columns == PER_LAYER && map->first == 0);
    CHECK(map->column[0] == MODULE_Q && map->column[PER_LAYER - 1] == MODULE_DOWN);
    CHECK(isnan(layer_map_value(&f->m, 0, 0, &share)) && isnan(share));
    fill_rows(f);
    CHECK_NEAR(layer_map_value(&f->m, 2, 1, &share), 9.6, 1e-12);
    CHECK_NEAR(share, 0.3, 1e-12);
    CHECK(isnan(layer_map_value(&f->m, 1, 2, &share))); /* there is no such matrix */
}

/* Over the hole, and not out of the map; the tree goes along. */
static void test_moves(struct fixture *f)
{
    press(f, "L");
    CHECK(browse_find(&f->m, "blk.2.attn_v.weight"));
    press(f, "k");
    CHECK(at(f, "blk.0.attn_v.weight"));
    press(f, "j");
    CHECK(at(f, "blk.2.attn_v.weight"));
    press(f, "l");
    CHECK(at(f, "blk.2.attn_output.weight"));
    press(f, "k");
    CHECK(at(f, "blk.1.attn_output.weight"));
    press(f, "h");
    CHECK(at(f, "blk.1.attn_k.weight"));
    press(f, "PgDn");
    CHECK(at(f, "blk.3.attn_k.weight"));
    press(f, "PgUp");
    CHECK(at(f, "blk.0.attn_k.weight"));
    press(f, "h");
    press(f, "h");
    CHECK(at(f, "blk.0.attn_q.weight"));
    CHECK(browse_find(&f->m, "token_embd.weight")); /* beside the map: j goes into it */
    press(f, "j");
    CHECK(at(f, "blk.0.attn_q.weight"));
    press(f, "Tab"); /* in the tree l unfolds again */
    press(f, "l");
    CHECK(at(f, "blk.0.attn_q.weight"));
    press(f, "Tab");
}

static void test_golden(struct fixture *f)
{
    browse_find(&f->m, "blk.1.ffn_gate.weight");
    golden_check(&f->m, "layers-80x24", 80, 24, true);
    golden_check(&f->m, "layers-80x24-ascii", 80, 24, false);
    golden_check(&f->m, "layers-120x40", 120, 40, true);
    golden_check(&f->m, "layers-40x12", 40, 12, true);
    press(f, "n");
    press(f, "n");
    press(f, "n");
    press(f, "n");
    golden_check(&f->m, "layers-alpha-80x24", 80, 24, true);
}

/* What is marked in the tree becomes a group. */
static void test_marks(struct fixture *f)
{
    press(f, "L");
    press(f, "a");
    CHECK(f->m.message_is_error && f->m.view == view_find("weights"));
    browse_find(&f->m, "blk.1.attn_q.weight");
    press(f, "Space");
    browse_find(&f->m, "blk.2.attn_v.weight");
    press(f, "Space");
    press(f, "a");
    const struct grouped *g = grouping_chosen(&f->m);
    CHECK(f->m.view == view_find("groups") && g && g->group.kind == GROUP_HAND && g->group.n == 2);
    CHECK(g && g->shape.rows[0] + g->shape.rows[1] == 96);
}

int main(void)
{
    static struct fixture f;
    struct error err = { 0 };
    CHECK(model_init(&f.m, &err));
    fill_document(&f);
    model_open(&f.m, &f.document, "");
    f.m.frame_ms = 7;
    f.m.view = view_find("weights");
    test_cells(&f);
    test_moves(&f);
    test_golden(&f);
    test_marks(&f);
    f.document.references = 3; /* it is the test's */
    model_finish(&f.m);
    return check_done();
}
