#pragma once

#include "scan.h"

/* Rows of a scan on their way from the worker to the screen; a list belongs to whoever holds it. */

struct scan_item {
    size_t at; /* of the document's entries */
    struct scan_row row;
};

struct scan_list {
    struct scan_item *of; /* owned */
    size_t n, room;
};

bool scan_list_add(struct scan_list *l, size_t at, const struct scan_row *row, struct error *err);
/* All of `from`, which is empty afterwards, before what is in l. */
bool scan_list_before(struct scan_list *l, struct scan_list *from, struct error *err);
void scan_list_finish(struct scan_list *l); /* {0} is fine */
