#pragma once

#include <stddef.h>
#include <sys/types.h>

/* All that a ledger does to the disk, in a file of its own, so that a test which is linked with three
 * others fails, or dies, at any of them. As write(2), fsync(2), ftruncate(2). */
ssize_t ledger_disk_write(int fd, const void *data, size_t n);
int ledger_disk_sync(int fd);
int ledger_disk_cut(int fd, off_t size);
