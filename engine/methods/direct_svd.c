#include "method.h"
