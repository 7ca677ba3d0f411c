#include "approximate.h"
