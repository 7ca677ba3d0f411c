#include "quality.h"
