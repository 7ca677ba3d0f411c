#pragma once

/* Seconds since some moment, of a clock that is never set: differences mean something. Any thread. */
double seconds_now(void);
