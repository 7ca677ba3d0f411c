/* The weights view's tree: what a file of many tensors becomes, folded, filtered, sorted, marked, and what
 * opening such a file does. No terminal, no engine runs. */

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actions.h"
#include "completion.h"
#include "memory.h"
#include "reproduce.h"
#include "session.h"
#include "view.h"

enum { LAYERS = 12, TEXT = 1 << 16 };

static char folder[] = "/tmp/eigenscope-browse-XXXXXX";

/* One tensor of the header, and where its bytes end. */
static size_t put(char *out, size_t n, const char *name, size_t rows, size_t cols, size_t *end)
{
    size_t bytes = 4 * rows * (cols ? cols : 1);
    n += (size_t)sprintf(out + n, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[%zu", n > 1 ? "," : "",
                         name, rows);
    if (cols)
        n += (size_t)sprintf(out + n, ",%zu", cols);
    n += (size_t)sprintf(out + n, "],\"data_offsets\":[%zu,%zu]}", *end, *end + bytes);
    *end += bytes;
    return n;
}

/* A model of a few layers, its tensors not in the order of their names. */
static bool write_model(char *path, size_t size)
{
    static char header[TEXT];
    size_t n = 1, end = 0;
    char name[64];
    snprintf(path, size, "%s/model.safetensors", folder);
    FILE *f = fopen(path, "wb");
    if (!f)
        return false;
    header[0] = '{';
    n = put(header, n, "model.norm.weight", 8, 0, &end);
    for (int i = LAYERS - 1; i >= 0; i--) {
        snprintf(name, sizeof(name), "model.layers.%d.mlp.up_proj.weight", i);
        n = put(header, n, name, 16, 8, &end);
        snprintf(name, sizeof(name), "model.layers.%d.self_attn.q_proj.weight", i);
        n = put(header, n, name, 8, 8, &end);
        snprintf(name, sizeof(name), "model.layers.%d.input_layernorm.weight", i);
        n = put(header, n, name, 8, 0, &end);
    }
    n = put(header, n, "model.embed_tokens.weight", 32, 8, &end);
    header[n++] = '}';
    while (n % 8)
        header[n++] = ' ';
    uint64_t length = n;
    fwrite(&length, sizeof(length), 1, f);
    fwrite(header, 1, n, f);
    for (size_t i = 0; i < end / 4; i++) {
        float v = (float)((i * 2654435761u) % 1000) / 500 - 1;
        fwrite(&v, sizeof(v), 1, f);
    }
    return fclose(f) == 0;
}

static void press(struct model *m, const char *keys)
{
    char key[16];
    for (keys += strspn(keys, " "); *keys; keys += strspn(keys, " ")) {
        size_t n = strcspn(keys, " ");
        snprintf(key, sizeof(key), "%.*s", (int)n, keys);
        bool space = !strcmp(key, "Space");
        action_press(m, key, space ? ' ' : key[1] ? 0 : (uint32_t)(unsigned char)key[0]);
        keys += n;
    }
}

static const char *here(const struct model *m)
{
    const struct browse_leaf *leaf = browse_leaf(m);
    return leaf ? browse_name(m, leaf) : "";
}

/* A file of several opens into the list, and asks for nothing. */
static void test_opens(struct model *m, const char *path)
{
    char line[256];
    struct error err;
    struct request r;
    snprintf(line, sizeof(line), "open %s", path);
    CHECK(m->view == views[0] && command_run(m, line, &err));
    CHECK(m->view == view_find("weights") && !model_chosen(m) && !m->stale);
    CHECK(view_of_digit(2) == m->view && !model_want(m, false, &r));
    CHECK(m->browse.n == 3 * LAYERS + 2 && m->browse.n_folders == LAYERS);
    CHECK(m->browse.n_rows == LAYERS + 3 + 2); /* folders, what is in the first, two others */
    CHECK(!strcmp(here(m), "model.embed_tokens.weight"));

    static const char *const no[] = { "export a.npy", "sweep 1..3", "compare 1",
                                      "err<5%",       "rank elbow", "budget 1" };
    size_t accepted = 0;
    for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
        accepted += command_run(m, no[i], &err);
    CHECK(accepted == 0 && !model_want(m, false, &r));
    press(m, "1");
    CHECK(m->view == views[0] && !model_want(m, false, &r));
    press(m, "5");
    CHECK(!model_want(m, false, &r));
    press(m, "2");
}

/* Numbers in names are numbers; every leaf is in one row or in one closed folder. */
static void test_order(struct model *m)
{
    const struct browse *b = &m->browse;
    size_t wrong = 0, inside = 0;
    for (size_t f = 0; f < b->n_folders; f++) {
        char name[64];
        snprintf(name, sizeof(name), "model.layers.%zu", f);
        wrong += strncmp(browse_name(m, &b->leaves[b->folders[f].first]), name, strlen(name)) != 0;
        wrong += b->folders[f].length != strlen(name) || b->folders[f].n != 3;
        inside += b->folders[f].n;
    }
    CHECK(wrong == 0 && inside == 3 * LAYERS);
    CHECK(browse_find(m, "model.layers.0.mlp.up_proj.weight"));
    press(m, "+");
    CHECK(b->n_rows == 4 * LAYERS + 2);
    CHECK(!strcmp(here(m), "model.layers.0.mlp.up_proj.weight")); /* the same one */
    press(m, "h");
    CHECK(browse_folder(m) == &b->folders[0] && b->at == 1);
    CHECK(b->n_rows == 4 * LAYERS - 1);
    press(m, "-");
    CHECK(b->n_rows == LAYERS + 2 && browse_folder(m) == &b->folders[0]);
    press(m, "Enter j");
    CHECK(b->n_rows == LAYERS + 5 && b->at == 2);
    press(m, "G j");
    CHECK(b->at == b->n_rows - 1);
    press(m, "g k");
    CHECK(b->at == 0 && !strcmp(here(m), "model.embed_tokens.weight"));
}

/* The list follows every letter, folders open for what is found, the row stays. */
static void test_filter(struct model *m)
{
    const struct browse *b = &m->browse;
    CHECK(browse_find(m, "model.layers.10.self_attn.q_proj.weight"));
    press(m, "/ Q _ p r o j");
    CHECK(m->overlay == OVERLAY_FILTER && b->shown == LAYERS && b->n_rows == 2 * LAYERS);
    CHECK(!strcmp(here(m), "model.layers.10.self_attn.q_proj.weight"));
    press(m, "Enter");
    CHECK(m->overlay == OVERLAY_NONE && b->shown == LAYERS);
    press(m, "/ Space 1 1");
    CHECK(b->shown == 1 && b->n_rows == 2);
    press(m, "x y");
    CHECK(b->shown == 0 && b->n_rows == 0 && !browse_row(m) && !browse_entry(m));
    press(m, "Enter j k Space h l Enter G g o O + -"); /* nothing there to be asked */
    while (m->browse.key)
        press(m, "o");
    press(m, "O / Esc");
    CHECK(b->filter[0] == 0 && b->shown == b->n && browse_row(m));
}

static void test_sort(struct model *m)
{
    const struct browse *b = &m->browse;
    struct error err;
    size_t wrong = 0;
    CHECK(browse_sort(m, "bytes", &err) && !browse_sort(m, "luck", &err));
    CHECK(b->n_rows == b->n);
    for (size_t i = 1; i < b->n_rows; i++)
        wrong += browse_bytes(m, &b->leaves[b->rows[i - 1].index]) <
                 browse_bytes(m, &b->leaves[b->rows[i].index]);
    press(m, "g");
    CHECK(wrong == 0 && !strcmp(here(m), "model.embed_tokens.weight"));
    press(m, "O");
    CHECK(b->at == b->n_rows - 1 && !strcmp(here(m), "model.embed_tokens.weight"));
    press(m, "O");
    CHECK(browse_sort(m, "name", &err) && b->n_rows < b->n);
}

static void test_marks(struct model *m)
{
    const struct browse *b = &m->browse;
    CHECK(browse_find(m, "model.layers.3.mlp.up_proj.weight"));
    size_t at = b->at;
    press(m, "Space");
    CHECK(b->marked == 1 && b->at == at + 1);
    press(m, "h Space");
    CHECK(b->marked == 3 - 1); /* the matrices of the folder */
    press(m, "Space");
    CHECK(b->marked == 0);
    press(m, "Space U");
    CHECK(b->marked == 0);
    CHECK(browse_find(m, "model.norm.weight"));
    press(m, "Space");
    CHECK(b->marked == 0 && strstr(m->message, "no matrix"));
}

/* Enter: the matrix is chosen, and the list is as it was when one comes back. */
static void test_enter(struct model *m)
{
    static char text[TEXT];
    struct error err;
    struct request r;
    double rows, cols;
    CHECK(browse_find(m, "model.layers.7.mlp.up_proj.weight"));
    CHECK(reproduce_command(m, text, sizeof(text), &err));
    CHECK(!strncmp(text, "eigenscope spectrum ", 20) && strstr(text, "::model.layers.7.mlp.up"));
    size_t at = m->browse.at, shown = m->browse.n_rows;
    press(m, "Enter");
    CHECK(m->view == views[0] && !strcmp(m->entry, "model.layers.7.mlp.up_proj.weight"));
    CHECK(model_chosen(m) && model_shape(m, &rows, &cols) && rows == 16 && cols == 8);
    CHECK(model_want(m, false, &r) && r.kind == REQUEST_PICTURE);
    request_finish(&r);
    press(m, "2");
    CHECK(m->browse.at == at && m->browse.n_rows == shown);
    FILE *out = fmemopen(text, sizeof(text), "w");
    session_print(m, false, out);
    fclose(out);
    CHECK(strstr(text, "::model.layers.7.mlp.up_proj.weight\n") &&
          strstr(text, "\nview weights\n"));
    CHECK(browse_find(m, "model.norm.weight"));
    press(m, "Enter");
    CHECK(m->view == view_find("weights") && strstr(m->message, "no matrix"));
}

/* What one types, what a session keeps, what Tab knows. */
static void test_words(struct model *m)
{
    struct error err;
    struct model other;
    struct completion c;
    char line[256];
    CHECK(command_run(m, "view weights; sort bytes; filter mlp", &err));
    CHECK(command_run(m, "tensor model.layers.11.mlp.up_proj.weight", &err));
    CHECK(m->browse.shown == LAYERS && m->browse.key && m->browse.filter[0]);
    CHECK(!command_run(m, "tensor nobody", &err) && !command_run(m, "sort luck", &err));
    snprintf(line, sizeof(line), "%s/kept.session", folder);
    CHECK(session_write(m, line, &err) && model_init(&other, &err));
    CHECK(session_read(&other, line, NULL, &err) && !other.message_is_error);
    unlink(line);
    CHECK(other.view == m->view && other.browse.key == m->browse.key);
    CHECK(!strcmp(here(&other), here(m)) && other.browse.shown == LAYERS);
    CHECK(!strcmp(other.browse.filter, "mlp") && other.browse.at == m->browse.at);
    model_finish(&other);
    completion_find(m, "tensor model.layers.11.s", 24, &c);
    CHECK(c.n == 1 && strstr(c.words[0], "self_attn.q_proj.weight"));
    completion_find(m, "sort rank9", 10, &c);
    CHECK(c.n == 2);
    CHECK(command_run(m, "filter; sort name", &err)); /* alone it is the key's */
    CHECK(m->overlay == OVERLAY_FILTER);
    press(m, "Esc");
    CHECK(m->browse.shown == m->browse.n && !m->browse.key);
}

static void test_another_document(struct model *m, const char *path)
{
    char line[256];
    struct error err;
    size_t before = memory_used();
    snprintf(line, sizeof(line), "open %s", path);
    CHECK(command_run(m, "view image; open demo:phantom", &err) && m->view == views[0]);
    CHECK(command_run(m, line, &err) && m->view == view_find("weights"));
    CHECK(command_run(m, "open demo:phantom", &err) && m->view == views[0]);
    CHECK(m->browse.n == 1);
    CHECK(command_run(m, line, &err) && memory_used() <= before);
    size_t failed = 0;
    for (int i = 0; i < 6; i++) {
        memory_fail_after(i);
        failed += !command_run(m, line, &err);
        memory_fail_after(-1);
        view_draw(m, (struct canvas){ 0 });
    }
    CHECK(failed > 0);
}

int main(void)
{
    struct error err;
    struct model m;
    char path[128];
    CHECK(model_init(&m, &err) && mkdtemp(folder) && write_model(path, sizeof(path)));
    test_opens(&m, path);
    test_order(&m);
    test_filter(&m);
    test_sort(&m);
    test_marks(&m);
    test_enter(&m);
    test_words(&m);
    test_another_document(&m, path);
    model_finish(&m);
    CHECK(memory_used() == 0);
    unlink(path);
    rmdir(folder);
    return check_done();
}
