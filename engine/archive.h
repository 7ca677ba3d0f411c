#pragma once

#include "source.h"

/* A zip archive, read only (PKWARE, APPNOTE.TXT 6.3): files that are stored or deflated, zip64 too;
 * the only door to zlib. The central directory is believed where the headers in front of the files
 * agree with it, no two files share a byte, and nothing is encrypted or on another disk. Names are
 * labels, never paths. */

struct archive_file {
    char *name;      /* owned; plain text */
    uint64_t header; /* offset of its local header */
    uint64_t data;   /* offset of its bytes as they are packed */
    uint64_t packed; /* bytes there */
    uint64_t size;   /* bytes it unpacks to, as the archive claims; at most 1032 times packed */
    uint32_t crc;
    bool deflated; /* else stored as it is: packed == size */
};

struct archive {
    struct archive_file *files; /* owned; sorted by header */
    size_t n;
};

/* ERROR_FORMAT, ERROR_LIMIT: one sentence with the offset. */
bool archive_read(const struct source *s, struct archive *out, struct error *err);
void archive_finish(struct archive *a); /* {0} is fine */

/* The first n bytes of a file, n at most its size; with n all of them, its end and checksum are
 * checked, too. */
bool archive_unpack(const struct source *s, const struct archive_file *f, void *to, size_t n,
                    struct error *err);
/* The checksum of a stored file, which its reader need not have unpacked. */
bool archive_check(const struct source *s, const struct archive_file *f, struct error *err);
