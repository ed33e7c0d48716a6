// Compiles a function once for each instruction set; the right one is chosen when the program loads.
#ifndef CK_VARIANTS_H
#define CK_VARIANTS_H

#if defined(__x86_64__)
#define CK_VARIANTS __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define CK_VARIANTS
#endif

// Multiply and add are fused inside one expression, where the instruction set can: the same in the vector body
// of a loop and in its remainder.
#pragma clang fp contract(on)

#endif
