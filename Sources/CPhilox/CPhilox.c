#include "CPhilox.h"  // all inline; this file exists so that the target builds
