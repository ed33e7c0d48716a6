// Sums along a row in a fixed order that still fills a vector register: sixteen partial sums, then their tree.
#ifndef CK_ROW_SUMS_H
#define CK_ROW_SUMS_H

#include <stdint.h>

#include "vector_math.h"

CK_INLINE float ck_fold(float *part) {
  for (int half = 8; half > 0; half /= 2)
    for (int j = 0; j < half; j++) part[j] += part[j + half];
  return part[0];
}

// Σ a[i]·b[i]
CK_INLINE float ck_dot(int64_t count, const float *a, const float *b) {
  float part[16] = {0};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16)
    for (int j = 0; j < 16; j++) part[j] += a[i + j] * b[i + j];
  for (int j = 0; i + j < count; j++) part[j] += a[i + j] * b[i + j];
  return ck_fold(part);
}

// Σ a[i]
CK_INLINE float ck_total(int64_t count, const float *a) {
  float part[16] = {0};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16)
    for (int j = 0; j < 16; j++) part[j] += a[i + j];
  for (int j = 0; i + j < count; j++) part[j] += a[i + j];
  return ck_fold(part);
}

// y += factor · x
CK_INLINE void ck_add_scaled(int64_t count, float factor, const float *x, float *y) {
  for (int64_t i = 0; i < count; i++) y[i] += factor * x[i];
}

#endif
