/* The workbench opens a file that makes its decoder crash: one sentence, and it goes on with
 * what it had. */
#include "actions.h"
#include "decode.h"
#include "model.h"

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "memory.h"

static bool command(struct model *m, const char *folder, const char *file, struct error *err)
{
    char line[600];
    snprintf(line, sizeof(line), "open %s/%s", folder, file);
    return command_run(m, line, err);
}

int main(int argc, char **argv)
{
    confine_serve(argc, argv, decode_works);
    struct error err = { 0 };
    struct model m = { 0 };
    size_t before = memory_used();
    if (argc != 2)
        return 2;
    CHECK(model_init(&m, &err) && command_run(&m, "open demo:phantom256", &err));
    const struct document *had = m.document;
    static const char *const bad[] = { "jpeg/bad_crash.jpg", "jpeg/bad_end.jpg",
                                       "bmp/bad_masks.bmp", "tga/bad_run.tga",
                                       "pnm/bad_claims.pgm" };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        err = (struct error){ 0 };
        bool opened = command(&m, argv[1], bad[i], &err);
        printf("# %s\n", err.text);
        CHECK(!opened && err.code == ERROR_FORMAT && !strchr(err.text, '\n') && m.document == had);
    }
    CHECK(command(&m, argv[1], "jpeg/exif6.jpg", &err) && m.document != had &&
          strstr(m.document->notice, "EXIF orientation 6 applied") &&
          document_is_picture(m.document));
    model_finish(&m);
    CHECK(memory_used() == before);
    return check_done();
}
