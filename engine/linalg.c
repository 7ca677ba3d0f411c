#include "linalg.h"
