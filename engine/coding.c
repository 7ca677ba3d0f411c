#include "coding.h"
