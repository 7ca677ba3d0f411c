#include "document.h"

const struct format format_safetensors_dense = { .name = "safetensors_dense", .title = "safetensors_dense", .summary = "", .specification = "" };
