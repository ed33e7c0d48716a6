// bfloat16: the upper half of a float's bits, rounded to the nearest, of two to the even one. Not for NaN.
#ifndef CK_BFLOAT16_H
#define CK_BFLOAT16_H

#include <string.h>

#include "lanes16.h"

typedef uint16_t ck_u16x16 __attribute__((vector_size(32)));

CK_INLINE void ck_store_bf16(const ck_f32x16 *value, uint16_t *y) {
  ck_u32x16 bits = (ck_u32x16)*value;
  bits += 0x7FFFu + ((bits >> 16) & 1u);
  const ck_u16x16 upper = __builtin_convertvector(bits >> 16, ck_u16x16);
  memcpy(y, &upper, sizeof upper);
}

CK_INLINE uint16_t ck_bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return (uint16_t)((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

#endif
