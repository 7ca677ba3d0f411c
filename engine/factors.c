#include "factors.h"
