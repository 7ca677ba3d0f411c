#include "cursor.h"

size_t cursor_moved(size_t at, size_t n, int by)
{
    size_t last = n ? n - 1 : 0, step = (size_t)(by < 0 ? -(long)by : by);
    if (by < 0)
        return at < step ? 0 : at - step;
    return last - at < step ? last : at + step;
}
