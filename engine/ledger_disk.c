#include "ledger_disk.h"

#include <unistd.h>

ssize_t ledger_disk_write(int fd, const void *data, size_t n)
{
    return write(fd, data, n);
}

int ledger_disk_sync(int fd)
{
    return fsync(fd);
}

int ledger_disk_cut(int fd, off_t size)
{
    return ftruncate(fd, size);
}
