/* Roles by name, groups of made-up models of every architecture, fused tensors that are cut, groups
 * by hand, every allocation that fails; and the two forms of a real model. */
#include "family.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "memory.h"

struct shape {
    const char *name;
    size_t rows, cols;
};

/* F32 entries: 1000 times the tensor's number, plus the place in row-major order. */
static struct document *make(const struct shape *shapes, size_t n)
{
    static unsigned char bytes[1 << 20];
    char header[1 << 15];
    struct error err = { 0 };
    size_t at = 0, used = 0;
    used += (size_t)snprintf(header + used, sizeof(header) - used, "{");
    for (size_t i = 0; i < n; i++) {
        size_t size = 4 * shapes[i].rows * shapes[i].cols;
        used += (size_t)snprintf(header + used, sizeof(header) - used,
                                 "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu,%zu],"
                                 "\"data_offsets\":[%zu,%zu]}",
                                 i ? "," : "", shapes[i].name, shapes[i].rows, shapes[i].cols, at,
                                 at + size);
        at += size;
    }
    used += (size_t)snprintf(header + used, sizeof(header) - used, "}");
    memset(bytes, 0, 8);
    bytes[0] = (unsigned char)used;
    bytes[1] = (unsigned char)(used >> 8);
    memcpy(bytes + 8, header, used);
    unsigned char *to = bytes + 8 + used;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < shapes[i].rows * shapes[i].cols; k++, to += 4) {
            float value = (float)(1000 * i + k);
            memcpy(to, &value, 4);
        }
    struct source *s = source_open_memory("model", bytes, 8 + used + at, &err);
    struct document *d = s ? document_open_source(s, &err) : NULL;
    if (!d)
        printf("# %s\n", err.text);
    return d;
}

static void test_roles(void)
{
    static const struct {
        const char *name;
        enum module module;
        int layer, expert;
        bool transposed;
        size_t stem;
    } cases[] = {
        { "model.layers.0.self_attn.q_proj.weight", MODULE_Q, 0, -1, false, 14 },
        { "language_model.model.layers.12.self_attn.k_proj.weight", MODULE_K, 12, -1, false, 30 },
        { "model.layers.7.self_attn.v_proj.weight", MODULE_V, 7, -1, false, 14 },
        { "model.layers.7.self_attn.o_proj.weight", MODULE_O, 7, -1, false, 14 },
        { "layers.7.mlp.gate_proj.weight", MODULE_GATE, 7, -1, false, 8 },
        { "model.layers.31.mlp.gate_up_proj.weight", MODULE_GATE_UP, 31, -1, false, 15 },
        { "model.layers.31.self_attn.qkv_proj.weight", MODULE_QKV, 31, -1, false, 15 },
        { "model.layers.5.block_sparse_moe.experts.3.w1.weight", MODULE_GATE, 5, 3, false, 14 },
        { "model.layers.5.block_sparse_moe.experts.3.w2.weight", MODULE_DOWN, 5, 3, false, 14 },
        { "model.layers.5.block_sparse_moe.experts.3.w3.weight", MODULE_UP, 5, 3, false, 14 },
        { "model.layers.5.block_sparse_moe.gate.weight", MODULE_ROUTER, 5, -1, false, 14 },
        { "model.layers.2.mlp.experts.59.up_proj.weight", MODULE_UP, 2, 59, false, 14 },
        { "model.layers.2.mlp.shared_expert.up_proj.weight", MODULE_UP, 2, -2, false, 14 },
        { "model.layers.2.mlp.gate.weight", MODULE_ROUTER, 2, -1, false, 14 },
        { "transformer.h.3.attn.c_attn.weight", MODULE_QKV, 3, -1, true, 15 },
        { "h.3.mlp.c_fc.weight", MODULE_UP, 3, -1, true, 3 },
        { "transformer.h.3.mixer.Wqkv.weight", MODULE_QKV, 3, -1, false, 15 },
        { "model.layers.3.mlp.fc1.weight", MODULE_UP, 3, -1, false, 14 },
        { "bert.encoder.layer.11.attention.self.key.weight", MODULE_K, 11, -1, false, 21 },
        { "encoder.layer.11.attention.output.dense.weight", MODULE_O, 11, -1, false, 16 },
        { "encoder.layer.11.output.dense.weight", MODULE_DOWN, 11, -1, false, 16 },
        { "blk.0.attn_q.weight", MODULE_Q, 0, -1, false, 5 },
        { "blk.10.ffn_gate_exps.weight[7]", MODULE_GATE, 10, 7, false, 6 },
        { "blk.10.ffn_up.7.weight", MODULE_UP, 10, 7, false, 6 },
        { "blk.10.ffn_down_shexp.weight", MODULE_DOWN, 10, -2, false, 6 },
        { "enc.blk.10.attn_k.weight", MODULE_K, 10, -1, false, 10 },
        { "token_embd.weight", MODULE_EMBEDDING, -1, -1, false, 0 },
        { "lm_head.weight", MODULE_HEAD, -1, -1, false, 0 },
        { "output.weight", MODULE_HEAD, -1, -1, false, 0 },
        { "blk.0.attn_q.bias", MODULE_OTHER, -1, -1, false, 0 },
        { "blk.x.attn_q.weight", MODULE_OTHER, -1, -1, false, 0 },
        { "myblk.0.attn_q.weight", MODULE_OTHER, -1, -1, false, 0 },
        { "blk.1234567.attn_q.weight", MODULE_OTHER, -1, -1, false, 0 },
        { "blk.0.cross_attn_q.weight", MODULE_OTHER, -1, -1, false, 0 },
        { "decoder.layers.0.encoder_attn.q_proj.weight", MODULE_OTHER, -1, -1, false, 0 },
        { "", MODULE_OTHER, -1, -1, false, 0 },
        { ".weight", MODULE_OTHER, -1, -1, false, 0 },
    };
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct role r = family_role(cases[i].name);
        bool ok = r.module == cases[i].module && r.layer == cases[i].layer &&
                  r.expert == cases[i].expert && r.transposed == cases[i].transposed &&
                  r.stem == cases[i].stem;
        wrong += !ok;
        if (!ok)
            printf("# %s: %s of layer %d, expert %d, stem %zu\n", cases[i].name,
                   module_names[r.module], r.layer, r.expert, r.stem);
    }
    CHECK(wrong == 0);
    CHECK(!strcmp(module_names[MODULE_HEAD], "head") && !module_names[MODULE_COUNT]);
    CHECK(!strcmp(group_kind_names[GROUP_HAND], "hand") && !group_kind_names[GROUP_KINDS]);
}

/* "NAME: MEMBER MEMBER; ..." */
static void describe(const struct document *d, const struct groups *g, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < g->n; i++) {
        at += (size_t)snprintf(out + at, size - at, "%s%s:", i ? "; " : "", g->list[i].name);
        for (size_t k = 0; k < g->list[i].n; k++) {
            char text[NAME_TEXT];
            member_text(d, &g->list[i].members[k], text, sizeof(text));
            at += (size_t)snprintf(out + at, size - at, " %s", text);
        }
    }
}

struct model {
    const char *say, *want, *notice;
    struct shape shapes[9];
    const char *facts[9]; /* key, value, key, value, ..., NULL */
    bool plain;           /* no GGUF, whatever its facts are */
};

static const struct model models[] = {
    { "llama with fewer heads for K",
      "model.layers.0.qk: model.layers.0.self_attn.q_proj.weight "
      "model.layers.0.self_attn.k_proj.weight; model.layers.0.gate_up: "
      "model.layers.0.mlp.gate_proj.weight model.layers.0.mlp.up_proj.weight; "
      "model.layers.10.qk: model.layers.10.self_attn.q_proj.weight "
      "model.layers.10.self_attn.k_proj.weight",
      "",
      { { "model.layers.10.self_attn.k_proj.weight", 2, 4 },
        { "model.layers.10.self_attn.q_proj.weight", 4, 4 },
        { "model.layers.0.mlp.up_proj.weight", 6, 4 },
        { "model.layers.0.mlp.gate_proj.weight", 6, 4 },
        { "model.layers.0.self_attn.q_proj.weight", 4, 4 },
        { "model.layers.0.self_attn.k_proj.weight", 2, 4 },
        { "model.layers.0.self_attn.v_proj.weight", 2, 4 } },
      { NULL } },
    { "two towers of one model",
      "text.layers.0.qk: text.layers.0.self_attn.q_proj.weight "
      "text.layers.0.self_attn.k_proj.weight; vision.layers.0.qk: "
      "vision.layers.0.self_attn.q_proj.weight vision.layers.0.self_attn.k_proj.weight",
      "",
      { { "vision.layers.0.self_attn.q_proj.weight", 4, 4 },
        { "text.layers.0.self_attn.q_proj.weight", 3, 3 },
        { "vision.layers.0.self_attn.k_proj.weight", 4, 4 },
        { "text.layers.0.self_attn.k_proj.weight", 3, 3 } },
      { NULL } },
    { "mixtral and a shared expert",
      "model.layers.0.gate_up[shared]: model.layers.0.mlp.shared_expert.gate_proj.weight "
      "model.layers.0.mlp.shared_expert.up_proj.weight; model.layers.0.gate_up[2]: "
      "model.layers.0.block_sparse_moe.experts.2.w1.weight "
      "model.layers.0.block_sparse_moe.experts.2.w3.weight; model.layers.0.gate_up[10]: "
      "model.layers.0.block_sparse_moe.experts.10.w1.weight "
      "model.layers.0.block_sparse_moe.experts.10.w3.weight",
      "",
      { { "model.layers.0.block_sparse_moe.experts.10.w1.weight", 4, 3 },
        { "model.layers.0.block_sparse_moe.experts.10.w3.weight", 4, 3 },
        { "model.layers.0.block_sparse_moe.experts.2.w1.weight", 4, 3 },
        { "model.layers.0.block_sparse_moe.experts.2.w3.weight", 4, 3 },
        { "model.layers.0.block_sparse_moe.gate.weight", 2, 3 },
        { "model.layers.0.mlp.shared_expert.gate_proj.weight", 4, 3 },
        { "model.layers.0.mlp.shared_expert.up_proj.weight", 4, 3 } },
      { NULL } },
    { "phi-3, by config.json",
      "model.layers.0.qk: model.layers.0.self_attn.qkv_proj.weight[0:8] "
      "model.layers.0.self_attn.qkv_proj.weight[8:12]; model.layers.0.gate_up: "
      "model.layers.0.mlp.gate_up_proj.weight[0:10] model.layers.0.mlp.gate_up_proj.weight[10:20]",
      "",
      { { "model.layers.0.self_attn.qkv_proj.weight", 16, 8 },
        { "model.layers.0.mlp.gate_up_proj.weight", 20, 8 } },
      { "config.num_attention_heads", "4", "config.num_key_value_heads", "2", NULL } },
    { "phi-3, by the output projection's width",
      "model.layers.0.qk: model.layers.0.self_attn.qkv_proj.weight[0:10] "
      "model.layers.0.self_attn.qkv_proj.weight[10:13]",
      "1 fused tensor cut by its shape: no counts of heads "
      "(model.layers.0.self_attn.qkv_proj.weight)",
      { { "model.layers.0.self_attn.qkv_proj.weight", 16, 8 },
        { "model.layers.0.self_attn.o_proj.weight", 8, 10 } },
      { NULL } },
    { "phi-3 in a GGUF, where up holds both",
      "blk.0.qk: blk.0.attn_qkv.weight[0:8] blk.0.attn_qkv.weight[8:10]; blk.0.gate_up: "
      "blk.0.ffn_up.weight[0:6] blk.0.ffn_up.weight[6:12]",
      "",
      { { "blk.0.attn_qkv.weight", 12, 8 },
        { "blk.0.ffn_up.weight", 12, 8 },
        { "blk.0.ffn_down.weight", 8, 6 } },
      { "general.architecture", "phi3", "phi3.attention.head_count", "4",
        "phi3.attention.head_count_kv", "1", NULL } },
    { "gpt2: stored the other way, no gate",
      "h.0.qk: h.0.attn.c_attn.weight[0:4] h.0.attn.c_attn.weight[4:8]",
      "1 fused tensor cut by its shape: no counts of heads (h.0.attn.c_attn.weight)",
      { { "h.0.attn.c_attn.weight", 4, 12 },
        { "h.0.attn.c_proj.weight", 4, 4 },
        { "h.0.mlp.c_fc.weight", 4, 16 },
        { "h.0.mlp.c_proj.weight", 16, 4 } },
      { NULL } },
    { "thirds, where nothing else tells",
      "h.0.qk: h.0.mixer.Wqkv.weight[0:4] h.0.mixer.Wqkv.weight[4:8]; "
      "h.1.qk: h.1.mixer.Wqkv.weight[0:4] h.1.mixer.Wqkv.weight[4:8]",
      "2 fused tensors cut by their shapes: no counts of heads (h.0.mixer.Wqkv.weight, ...)",
      { { "h.0.mixer.Wqkv.weight", 12, 4 }, { "h.1.mixer.Wqkv.weight", 12, 4 } },
      { NULL } },
    { "keys of GGUF in another format, which mean nothing there",
      "h.0.qk: h.0.mixer.Wqkv.weight[0:6] h.0.mixer.Wqkv.weight[6:9]",
      "",
      { { "h.0.mixer.Wqkv.weight", 12, 4 } },
      { "general.architecture", "llama", "llama.attention.head_count", "1",
        "config.num_attention_heads", "2", "config.num_key_value_heads", "1", NULL },
      .plain = true },
    { "bert: no gate",
      "encoder.layer.0.qk: encoder.layer.0.attention.self.query.weight "
      "encoder.layer.0.attention.self.key.weight",
      "",
      { { "encoder.layer.0.attention.self.query.weight", 4, 4 },
        { "encoder.layer.0.attention.self.key.weight", 4, 4 },
        { "encoder.layer.0.intermediate.dense.weight", 8, 4 },
        { "encoder.layer.0.output.dense.weight", 4, 8 } },
      { NULL } },
    { "heads that do not add up",
      "",
      "1 fused tensor left out: nothing tells where to cut (blk.0.attn_qkv.weight)",
      { { "blk.0.attn_qkv.weight", 12, 4 }, { "blk.0.attn_output.weight", 4, 4 } },
      { "config.num_attention_heads", "5", NULL } },
    { "shapes that tell nothing",
      "",
      "2 fused tensors left out: nothing tells where to cut (blk.0.attn_qkv.weight, ...)",
      { { "blk.0.attn_qkv.weight", 13, 4 }, { "blk.1.attn_qkv.weight", 15, 4 } },
      { NULL } },
    { "widths that differ",
      "",
      "1 pair of unequal widths left out (blk.0.attn_q.weight)",
      { { "blk.0.attn_q.weight", 4, 4 }, { "blk.0.attn_k.weight", 4, 3 } },
      { NULL } },
    { "no model", "", "", { { "a", 2, 2 }, { "b", 2, 2 } }, { NULL } },
};

static struct document *build(const struct model *m)
{
    static struct format gguf;
    struct error err = { 0 };
    size_t n = 0;
    while (n < sizeof(m->shapes) / sizeof(m->shapes[0]) && m->shapes[n].name)
        n++;
    struct document *d = make(m->shapes, n);
    for (size_t i = 0; d && m->facts[i]; i += 2)
        if (!document_add_fact(d, m->facts[i], m->facts[i + 1], &err))
            printf("# %s\n", err.text);
    if (d && !m->plain && m->facts[0] && !strncmp(m->facts[0], "general.", 8)) {
        gguf = *d->format;
        gguf.gguf_keys = true;
        d->format = &gguf;
    }
    return d;
}

static void test_models(void)
{
    size_t wrong = 0, before = memory_used();
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        struct document *d = build(&models[i]);
        struct groups g = { 0 };
        struct error err = { 0 };
        char text[1000] = "failed";
        bool ok = d && family_groups(d, &g, &err);
        if (ok)
            describe(d, &g, text, sizeof(text));
        ok = ok && !strcmp(text, models[i].want) && !strcmp(g.notice, models[i].notice);
        wrong += !ok;
        if (!ok)
            printf("# %s: %s / %s %s\n", models[i].say, text, g.notice, err.text);
        for (size_t k = 0; k < g.n; k++)
            wrong += !group_check(d, &g.list[k], &err);
        groups_finish(&g);
        document_unref(d);
    }
    CHECK(wrong == 0);
    CHECK(memory_used() == before);
}

/* Member i of what group_parse makes of `text`; -1: it is not read. */
static double first_of(struct document *d, const char *text, size_t i, size_t row, size_t col)
{
    struct group g = { 0 };
    struct matrix m[GROUP_MEMBERS] = { 0 };
    struct error err = { 0 };
    bool ok = group_parse(d, text, &g, &err) && group_read(d, &g, DTYPE_F64, m, &err);
    double value = ok && row < m[i].view.rows && col < m[i].view.cols
                       ? matrix_at(m[i].view, row, col)
                       : -1;
    if (!ok)
        printf("# %s\n", err.text);
    for (size_t k = 0; k < GROUP_MEMBERS; k++)
        matrix_finish(&m[k]);
    return value;
}

static void test_read(void)
{
    static const struct shape shapes[] = {
        { "a", 6, 4 }, { "h.0.attn.c_attn.weight", 4, 12 }, { "b[2]", 3, 4 }, { "narrow", 3, 2 }
    };
    struct document *d = make(shapes, 4);
    struct groups g = { 0 };
    struct error err = { 0 };
    struct matrix m[2] = { 0 };
    CHECK(first_of(d, "a,b[2]", 0, 5, 3) == 23 && first_of(d, "a,b[2]", 1, 2, 3) == 2011);
    CHECK(first_of(d, "a[2:5],a[0:1]", 0, 2, 3) == 19 &&
          first_of(d, "a[2:5],a[0:1]", 1, 0, 1) == 1);
    CHECK(first_of(d, "a[2:5]", 0, 3, 0) == -1 && first_of(d, "a[4:]", 0, 1, 0) == 20);
    CHECK(first_of(d, "b[2][:2]", 0, 1, 1) == 2005);
    /* stored (in x out): entry (row, col) of the member is (col, row) of the file */
    CHECK(first_of(d, "h.0.attn.c_attn.weight", 0, 11, 3) == 1000 + 3 * 12 + 11);
    CHECK(first_of(d, "h.0.attn.c_attn.weight[4:8]", 0, 1, 2) == 1000 + 2 * 12 + 5);
    CHECK(family_groups(d, &g, &err) && g.n == 1 && g.list[0].cols == 4 &&
          group_rows(&g.list[0]) == 8);
    CHECK(groups_find(&g, "h.0.qk") == g.list && groups_find(&g, "qk") == g.list &&
          !groups_find(&g, "k") && !groups_find(&g, ""));
    CHECK(group_read(d, &g.list[0], DTYPE_F32, m, &err) && matrix_at(m[1].view, 0, 1) == 1016);
    matrix_finish(&m[0]);
    matrix_finish(&m[1]);
    groups_finish(&g);
    document_unref(d);
}

static void test_refused(void)
{
    static const struct shape shapes[] = { { "a", 6, 4 }, { "b", 3, 4 }, { "narrow", 3, 2 } };
    static const struct {
        const char *text, *say;
    } cases[] = {
        { "a,c", "model: holds no matrix named c" },
        { "", "model: holds no matrix named " },
        { "a,", "model: holds no matrix named " },
        { "a,narrow", "model: narrow is 2 wide, the others of its group are 4: they do not share "
                      "an input" },
        { "a,b,a", "model: a is in the group already, as a" },
        { "a[0:3],a[2:4]", "model: a[2:4] is in the group already, as a[0:3]" },
        { "a[0:7]", "model: a[0:7]: no such rows; it has 6" },
        { "a[3:3]", "model: a[3:3]: no such rows; it has 6" },
        { "a[5:2]", "model: a[5:5]: no such rows; it has 6" },
        { "a[7:]", "model: a[7:7]: no such rows; it has 6" },
        { "a[-1:3]", "model: a[-1:3]: rows are written as [0:576]" },
        { "a[0:3", "model: a[0:3: rows are written as [0:576]" },
        { "a[0-3]", "model: a[0-3]: rows are written as [0:576]" },
        { "a[0:3]]", "model: a[0:3]]: rows are written as [0:576]" },
        { "a[99999999999999999999:3]",
          "model: a[99999999999999999999:3]: rows are written as [0:576]" },
        { "a[0:1],a[1:2],a[2:3],a[3:4],a[4:5],a[5:6],b[0:1],b[1:2],b[2:3]",
          "model: more than 8 matrices in a group" },
    };
    struct document *d = make(shapes, 3);
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct group g = { .n = 77 };
        struct error err = { 0 };
        bool ok = !group_parse(d, cases[i].text, &g, &err) && err.code == ERROR_USAGE &&
                  !strcmp(err.text, cases[i].say) && g.n == 77;
        wrong += !ok;
        if (!ok)
            printf("# %s: %s\n", cases[i].text, err.text);
    }
    CHECK(wrong == 0);
    document_unref(d);
}

/* A group as what a run works on: names, shapes, entries; as it is read by name. */
static void test_stack(void)
{
    static const struct shape shapes[] = { { "blk.0.attn_qkv.weight", 12, 4 }, { "b", 3, 4 } };
    struct document *d = make(shapes, 2);
    struct error err = { 0 };
    size_t before = memory_used(), wrong = 0, fails = 0;
    for (long n = 0; n < 100; n++) {
        struct groups g = { 0 };
        struct selection s = { 0 };
        struct matrix m[SELECTION_MAX] = { 0 };
        memory_fail_after(n);
        bool ok = family_groups(d, &g, &err) && selection_group(d, &g.list[0], &s, &err) &&
                  selection_read(&s, DTYPE_F64, NONFINITE_REFUSE, m, &err);
        memory_fail_after(-1);
        wrong += ok ? s.n != 2 || s.rows != 8 || s.cols != 4 || selection_rows(&s, 1) != 4 ||
                          strcmp(s.names[1], "blk.0.attn_qkv.weight[4:8]") != 0 ||
                          matrix_at(m[1].view, 0, 1) != 17
                    : m[0].view.data || err.code != ERROR_MEMORY;
        groups_finish(&g);
        selection_finish(&s);
        for (size_t i = 0; i < SELECTION_MAX; i++)
            matrix_finish(&m[i]);
        wrong += memory_used() != before;
        fails += !ok;
        if (ok)
            break;
    }
    CHECK(wrong == 0 && fails >= 4);
    document_unref(d);
}

/* Each allocation fails in turn: a clear error, nothing left behind. */
static void test_memory(void)
{
    struct document *d = build(&models[0]);
    size_t before = memory_used(), fails = 0, wrong = 0;
    for (long n = 0; n < 100; n++) {
        struct groups g = { 0 };
        struct matrix m[GROUP_MEMBERS] = { 0 };
        struct error err = { 0 };
        memory_fail_after(n);
        bool ok = family_groups(d, &g, &err) && group_read(d, &g.list[0], DTYPE_F32, m, &err);
        memory_fail_after(-1);
        wrong += !ok && (err.code != ERROR_MEMORY || m[0].view.data);
        groups_finish(&g);
        matrix_finish(&m[0]);
        matrix_finish(&m[1]);
        wrong += memory_used() != before;
        if (ok)
            break;
        fails++;
    }
    printf("# %zu allocations failed\n", fails);
    CHECK(wrong == 0 && fails >= 4);
    document_unref(d);
}

/* A trained llama in both of its files: ten groups, of the shapes and norms of its layer 0. */
static void test_real(void)
{
    static const char *const files[][2] = { { "stories260K.gguf", "blk.0." },
                                            { "stories260K.safetensors", "model.layers.0." } };
    const char *data = getenv("EIGENSCOPE_DATA");
    if (!data) {
        printf("ok %d - groups of a real model # SKIP EIGENSCOPE_DATA names no folder\n", ++checks);
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        char path[600], name[NAME_TEXT];
        struct error err = { 0 };
        struct groups g = { 0 };
        struct matrix m[4] = { 0 };
        snprintf(path, sizeof(path), "%s/%s", data, files[i][0]);
        struct document *d = document_open(path, &err);
        CHECK(d && family_groups(d, &g, &err) && g.n == 10 && !*g.notice);
        snprintf(name, sizeof(name), "%sgate_up", files[i][1]);
        CHECK(groups_find(&g, name) == &g.list[1] && g.list[1].members[1].rows == 172);
        CHECK(group_read(d, &g.list[0], DTYPE_F64, m, &err) &&
              group_read(d, &g.list[1], DTYPE_F64, m + 2, &err));
        CHECK(m[0].view.rows == 64 && m[1].view.rows == 32 && m[0].view.cols == 64);
        static const double norms[] = { 15.11033, 10.24001, 13.33069, 12.13072 };
        for (size_t k = 0; k < 4; k++) {
            CHECK_NEAR(matrix_norm(m[k].view), norms[k], 1e-6);
            matrix_finish(&m[k]);
        }
        groups_finish(&g);
        document_unref(d);
    }
}

int main(void)
{
    test_roles();
    test_models();
    test_read();
    test_refused();
    test_stack();
    test_memory();
    test_real();
    return check_done();
}
