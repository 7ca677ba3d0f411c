#include "document.h"

const struct format format_npy = { .name = "npy", .title = "npy", .summary = "", .specification = "" };
