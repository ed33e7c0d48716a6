// Sixteen floats at a time, as the compiler's vector type: one AVX-512 register, two of AVX2, four of SSE. Such
// values are passed by address, for how they are passed otherwise depends on the instruction set.
#ifndef CK_LANES16_H
#define CK_LANES16_H

#include <stdint.h>

#include "vector_math.h"

typedef float ck_f32x16 __attribute__((vector_size(64)));
typedef uint32_t ck_u32x16 __attribute__((vector_size(64)));
typedef int32_t ck_i32x16 __attribute__((vector_size(64)));
typedef float ck_f32x16_anywhere __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t ck_i32x16_anywhere __attribute__((vector_size(64), aligned(4), may_alias));

/// The sixteen floats from `address` on, to read or to write.
#define CK_AT16(address) (*(ck_f32x16_anywhere *)(address))

// y = 2ᵗ = 2ⁿ · 2ᶠ with f = t - n in [-½, ½], and a polynomial of degree 5 fitted there (relative error 8e-8). n
// is added to the exponent's bits. t must be below 128; inputs below -100 give 8e-31, which leaves room for a factor
// before numbers become denormal, and slow.
CK_INLINE void ck_exp2_16(const ck_f32x16 *power, ck_f32x16 *y) {
  const float rounding = 12582912.0f;  // 1.5 · 2²³: adding it leaves n in the lowest bits
  const ck_f32x16 t = __builtin_elementwise_max(*power, (ck_f32x16){} - 100.0f);
  const ck_f32x16 rounded = t + rounding;
  const ck_f32x16 f = t - (rounded - rounding);
  ck_f32x16 p = f * 1.3276472454890609e-3f + 9.675541892647743e-3f;
  p = p * f + 5.550713092088699e-2f;
  p = p * f + 2.4022120237350464e-1f;
  p = p * f + 6.931469440460205e-1f;
  p = p * f + 1.0000001192092896f;
  *y = (ck_f32x16)((ck_u32x16)p + ((ck_u32x16)rounded << 23));
}

#endif
