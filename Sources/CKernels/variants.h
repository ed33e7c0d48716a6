// Kernels that are compiled once for each instruction set. One level is chosen for the whole process, when the first
// of them runs: instruction_set.c.
#ifndef CK_VARIANTS_H
#define CK_VARIANTS_H

#include <stdatomic.h>

#include "CKernels.h"
#include "vector_math.h"

// Multiply and add are fused inside one expression, where the instruction set can: the same in the vector body
// of a loop and in its remainder.
#pragma clang fp contract(on)

/// The level in use, 0 before it is chosen.
extern _Atomic(int) ck_chosen_isa;
/// Chooses it.
int ck_choose_isa(void);

CK_INLINE int ck_isa_of_kernels(void) {
  int isa = atomic_load_explicit(&ck_chosen_isa, memory_order_relaxed);
  return isa ? isa : ck_choose_isa();
}

// CK_KERNEL(result, name, (parameters), (their names)) { body } defines the function `name` of CKernels.h. The body is
// compiled into each of the variants, which `name` chooses from at every call: a load and a branch that is always
// taken alike.
#if defined(__x86_64__)
#define CK_KERNEL(result, name, parameters, arguments) \
  CK_INLINE result name##_body parameters; \
  __attribute__((target("avx512f"))) static result name##_avx512 parameters { return name##_body arguments; } \
  __attribute__((target("arch=haswell"))) static result name##_avx2 parameters { return name##_body arguments; } \
  static result name##_plain parameters { return name##_body arguments; } \
  result name parameters { \
    switch (ck_isa_of_kernels()) { \
      case CK_PLAIN: return name##_plain arguments; \
      case CK_AVX2: return name##_avx2 arguments; \
      default: return name##_avx512 arguments; \
    } \
  } \
  CK_INLINE result name##_body parameters
#else
#define CK_KERNEL(result, name, parameters, arguments) result name parameters
#endif

#endif
