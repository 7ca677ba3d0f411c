#include "quantizer.h"
