#include "document.h"

const struct format format_factors = { .name = "factors", .title = "factors", .summary = "", .specification = "" };
