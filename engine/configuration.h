#pragma once

#include "document.h"

/* What its facts begin with; no other fact of a document does. */
#define CONFIGURATION_PREFIX "config."

/* Facts "config.KEY" of every plain value on the top of the config.json that lies beside the
 * document's file, as transformers writes it. There need not be one; of one that is broken or larger
 * than LIMIT_CONFIGURATION a note says so, and nothing is taken; so it is of one where a key stands twice. A note tells of one
 * that is a link out of the folder. False: ERROR_MEMORY. */
bool configuration_read(struct document *d, struct error *err);
