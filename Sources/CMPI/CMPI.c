/* The functions are inline in the header; this file gives the target something to build. */
#include "CMPI.h"
