#include "sink.h"
