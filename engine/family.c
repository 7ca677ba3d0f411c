/* One table of names; the engine knows the architectures by nothing else. Names as they stand in
 * the checkpoints of Hugging Face's transformers and in gguf-py's constants.py. */
#include "family.h"

#include <ctype.h>
#include <string.h>

const char *const module_names[] = { "other",  "q",         "k",    "v",       "o",
                                     "qkv",    "gate",      "up",   "gate_up", "down",
                                     "router", "embedding", "head", NULL };

/* '#' stands for the layer's number, '@' for an expert's. A pattern is the end of a name, from its
 * start or a dot on. */
struct pattern {
    const char *text;
    enum module module;
    bool transposed, shared;
};

static const struct pattern patterns[] = {
    /* llama, mistral, qwen2, gemma, phi-2; vision towers beside them */
    { .text = "layers.#.self_attn.q_proj.weight", .module = MODULE_Q },
    { .text = "layers.#.self_attn.k_proj.weight", .module = MODULE_K },
    { .text = "layers.#.self_attn.v_proj.weight", .module = MODULE_V },
    { .text = "layers.#.self_attn.o_proj.weight", .module = MODULE_O },
    { .text = "layers.#.mlp.gate_proj.weight", .module = MODULE_GATE },
    { .text = "layers.#.mlp.up_proj.weight", .module = MODULE_UP },
    { .text = "layers.#.mlp.down_proj.weight", .module = MODULE_DOWN },
    { .text = "embed_tokens.weight", .module = MODULE_EMBEDDING },
    { .text = "lm_head.weight", .module = MODULE_HEAD },
    /* phi-3 */
    { .text = "layers.#.self_attn.qkv_proj.weight", .module = MODULE_QKV },
    { .text = "layers.#.mlp.gate_up_proj.weight", .module = MODULE_GATE_UP },
    /* phi-2, in both of its spellings */
    { .text = "layers.#.self_attn.dense.weight", .module = MODULE_O },
    { .text = "layers.#.mlp.fc1.weight", .module = MODULE_UP },
    { .text = "layers.#.mlp.fc2.weight", .module = MODULE_DOWN },
    { .text = "h.#.mixer.Wqkv.weight", .module = MODULE_QKV },
    { .text = "h.#.mixer.out_proj.weight", .module = MODULE_O },
    { .text = "h.#.mlp.fc1.weight", .module = MODULE_UP },
    { .text = "h.#.mlp.fc2.weight", .module = MODULE_DOWN },
    { .text = "embd.wte.weight", .module = MODULE_EMBEDDING },
    { .text = "lm_head.linear.weight", .module = MODULE_HEAD },
    /* mixtral: w1 is the gate, w3 up */
    { .text = "layers.#.block_sparse_moe.experts.@.w1.weight", .module = MODULE_GATE },
    { .text = "layers.#.block_sparse_moe.experts.@.w3.weight", .module = MODULE_UP },
    { .text = "layers.#.block_sparse_moe.experts.@.w2.weight", .module = MODULE_DOWN },
    { .text = "layers.#.block_sparse_moe.gate.weight", .module = MODULE_ROUTER },
    /* qwen2's mixture of experts, and others that took over its names */
    { .text = "layers.#.mlp.experts.@.gate_proj.weight", .module = MODULE_GATE },
    { .text = "layers.#.mlp.experts.@.up_proj.weight", .module = MODULE_UP },
    { .text = "layers.#.mlp.experts.@.down_proj.weight", .module = MODULE_DOWN },
    { .text = "layers.#.mlp.shared_expert.gate_proj.weight",
      .module = MODULE_GATE,
      .shared = true },
    { .text = "layers.#.mlp.shared_expert.up_proj.weight", .module = MODULE_UP, .shared = true },
    { .text = "layers.#.mlp.shared_expert.down_proj.weight",
      .module = MODULE_DOWN,
      .shared = true },
    { .text = "layers.#.mlp.gate.weight", .module = MODULE_ROUTER },
    { .text = "layers.#.mlp.shared_expert_gate.weight", .module = MODULE_ROUTER, .shared = true },
    /* gpt2: Conv1D keeps its weights (in x out) */
    { .text = "h.#.attn.c_attn.weight", .module = MODULE_QKV, .transposed = true },
    { .text = "h.#.attn.c_proj.weight", .module = MODULE_O, .transposed = true },
    { .text = "h.#.mlp.c_fc.weight", .module = MODULE_UP, .transposed = true },
    { .text = "h.#.mlp.c_proj.weight", .module = MODULE_DOWN, .transposed = true },
    { .text = "wte.weight", .module = MODULE_EMBEDDING },
    /* bert and its kin */
    { .text = "layer.#.attention.self.query.weight", .module = MODULE_Q },
    { .text = "layer.#.attention.self.key.weight", .module = MODULE_K },
    { .text = "layer.#.attention.self.value.weight", .module = MODULE_V },
    { .text = "layer.#.attention.output.dense.weight", .module = MODULE_O },
    { .text = "layer.#.intermediate.dense.weight", .module = MODULE_UP },
    { .text = "layer.#.output.dense.weight", .module = MODULE_DOWN },
    { .text = "word_embeddings.weight", .module = MODULE_EMBEDDING },
    /* GGUF, of any architecture */
    { .text = "blk.#.attn_q.weight", .module = MODULE_Q },
    { .text = "blk.#.attn_k.weight", .module = MODULE_K },
    { .text = "blk.#.attn_v.weight", .module = MODULE_V },
    { .text = "blk.#.attn_output.weight", .module = MODULE_O },
    { .text = "blk.#.attn_qkv.weight", .module = MODULE_QKV },
    { .text = "blk.#.ffn_gate.weight", .module = MODULE_GATE },
    { .text = "blk.#.ffn_up.weight", .module = MODULE_UP }, /* of phi-3: gate and up */
    { .text = "blk.#.ffn_down.weight", .module = MODULE_DOWN },
    { .text = "blk.#.ffn_gate.@.weight", .module = MODULE_GATE },
    { .text = "blk.#.ffn_up.@.weight", .module = MODULE_UP },
    { .text = "blk.#.ffn_down.@.weight", .module = MODULE_DOWN },
    { .text = "blk.#.ffn_gate_exps.weight[@]", .module = MODULE_GATE },
    { .text = "blk.#.ffn_up_exps.weight[@]", .module = MODULE_UP },
    { .text = "blk.#.ffn_down_exps.weight[@]", .module = MODULE_DOWN },
    { .text = "blk.#.ffn_gate_shexp.weight", .module = MODULE_GATE, .shared = true },
    { .text = "blk.#.ffn_up_shexp.weight", .module = MODULE_UP, .shared = true },
    { .text = "blk.#.ffn_down_shexp.weight", .module = MODULE_DOWN, .shared = true },
    { .text = "blk.#.ffn_gate_inp.weight", .module = MODULE_ROUTER },
    { .text = "blk.#.ffn_gate_inp_shexp.weight", .module = MODULE_ROUTER, .shared = true },
    { .text = "token_embd.weight", .module = MODULE_EMBEDDING },
    { .text = "output.weight", .module = MODULE_HEAD },
};
enum { PATTERNS = sizeof(patterns) / sizeof(patterns[0]), DIGITS_MOST = 6 };

/* The number that ends at *end, which moves to its first digit; -1: none, or longer than any. */
static int number_before(const char *name, size_t *end)
{
    int value = 0, scale = 1;
    size_t at = *end;
    while (at && isdigit((unsigned char)name[at - 1]) && *end - at < DIGITS_MOST) {
        value += scale * (name[--at] - '0');
        scale *= 10;
    }
    if (at == *end || (at && isdigit((unsigned char)name[at - 1])))
        return -1;
    *end = at;
    return value;
}

/* From the end backwards, where most patterns differ soon. */
static bool matches(const struct pattern *p, const char *name, size_t at, struct role *out)
{
    struct role r = { p->module, LAYER_NONE, p->shared ? EXPERT_SHARED : EXPERT_NONE, p->transposed,
                      0 };
    for (size_t i = strlen(p->text); i--;) {
        char c = p->text[i];
        size_t end = at;
        int number = 0;
        if (c == '#' || c == '@')
            number = number_before(name, &at);
        else if (!at || name[--at] != c)
            return false;
        if (number < 0)
            return false;
        if (c == '#') {
            r.layer = number;
            r.stem = end;
        } else if (c == '@') {
            r.expert = number;
        }
    }
    if (at && name[at - 1] != '.')
        return false;
    *out = r;
    return true;
}

struct role family_role(const char *name)
{
    struct role r = { MODULE_OTHER, LAYER_NONE, EXPERT_NONE, false, 0 };
    size_t n = strlen(name);
    for (size_t i = 0; i < PATTERNS; i++)
        if (matches(&patterns[i], name, n, &r))
            break;
    return r;
}
