#include "bound.h"
