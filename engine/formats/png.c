#include "document.h"

const struct format format_png = { .name = "png", .title = "png", .summary = "", .specification = "" };
