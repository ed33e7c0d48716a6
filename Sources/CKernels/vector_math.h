// exp, sigmoid and tanh written so that the compiler turns loops over them into vector code.
#ifndef CK_VECTOR_MATH_H
#define CK_VECTOR_MATH_H

#include <stdint.h>
#include <string.h>

#define CK_INLINE static inline __attribute__((always_inline))

// exp(x) = 2ⁿ · exp(r) with r = x - n·ln 2 in [-0.35, 0.35], and a polynomial of degree 6 fitted there. Within
// 2 ulp of the true value; inputs below -87 give a number near 1.6e-38, inputs above 88 one near 1.7e38.
CK_INLINE float ck_exp(float x) {
  const float rounding = 12582912.0f;  // 1.5 · 2²³: adding it rounds to the nearest integer
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  float n = (x * 1.44269504f + rounding) - rounding;
  float r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  float p = 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  int32_t bits = ((int32_t)n + 127) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return p * power;
}

CK_INLINE float ck_sigmoid(float x) { return 1.0f / (1.0f + ck_exp(-x)); }

// Absolute error below 2e-7, which is what gates need; near 0 the relative error is larger.
CK_INLINE float ck_tanh(float x) { return 1.0f - 2.0f / (1.0f + ck_exp(2.0f * x)); }

#endif
