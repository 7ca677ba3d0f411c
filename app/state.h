#pragma once

#include "document.h"

/* Where the program keeps what outlives it. Any thread. */

/* $XDG_STATE_HOME/eigenscope/NAME, below ~/.local/state without that. make: its folders, too. Fails with
 * ERROR_READ where nothing says where, ERROR_WRITE where a folder cannot be made. */
bool state_path(const char *name, bool make, char *out, size_t size, struct error *err);

/* scans/IDENTITY.scan there, for scan_open; "" for a document that nothing tells apart from others. */
bool state_scan(const struct document *d, bool make, char *out, size_t size, struct error *err);
