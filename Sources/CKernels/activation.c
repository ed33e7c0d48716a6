#include "CKernels.h"
#include "variants.h"
#include "vector_math.h"

// tanh with a small relative error near 0 as well: STAMP multiplies two that start near 1e-3. Below 0.5 an odd
// polynomial fitted there (relative error 2e-8), above it the exponential.
CK_INLINE float tanh_near_zero_too(float x) {
  float u = x * x;
  float p = 0.0172354774f;
  p = p * u - 0.0530422053f;
  p = p * u + 0.1332582207f;
  p = p * u - 0.3333314086f;
  float near = x + x * u * p;
  return u < 0.25f ? near : ck_tanh(x);
}

// erf within 2e-7: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26. exp(-x²) is passed in.
CK_INLINE float erf_of(float x, float gaussian) {
  float magnitude = x < 0 ? -x : x;
  float t = 1.0f / (1.0f + 0.3275911f * magnitude);
  float p = 1.061405429f;
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  float value = 1.0f - p * t * gaussian;
  return x < 0 ? -value : value;
}

// Φ(x), the standard normal distribution function.
CK_INLINE float normal_share(float x) { return 0.5f * (1.0f + erf_of(x * 0.707106781f, ck_exp(-0.5f * x * x))); }

#define EACH(expression) \
  for (int64_t i = 0; i < count; i++) { \
    float v = x[i]; \
    y[i] = (expression); \
  } \
  return

CK_KERNEL(void, ck_activate, (ck_activation kind, int64_t count, const float *x, float *y), (kind, count, x, y)) {
  switch (kind) {
    case CK_TANH: EACH(tanh_near_zero_too(v));
    case CK_SIGMOID: EACH(ck_sigmoid(v));
    case CK_RELU: EACH(v > 0 ? v : 0);
    case CK_SWISH: EACH(v * ck_sigmoid(v));
    case CK_GELU: EACH(v * normal_share(v));
  }
}

#undef EACH
#define EACH(derivative) \
  for (int64_t i = 0; i < count; i++) { \
    float v = x[i], w = y[i]; \
    (void)v, (void)w; \
    dx[i] = dy[i] * (derivative); \
  } \
  return

CK_KERNEL(void, ck_activate_backward,
          (ck_activation kind, int64_t count, const float *x, const float *y, const float *dy, float *dx),
          (kind, count, x, y, dy, dx)) {
  switch (kind) {
    case CK_TANH: EACH(1.0f - w * w);
    case CK_SIGMOID: EACH(w * (1.0f - w));
    case CK_RELU: EACH(v > 0 ? 1.0f : 0.0f);
    case CK_SWISH: EACH(w + ck_sigmoid(v) * (1.0f - w));
    case CK_GELU: EACH(normal_share(v) + v * 0.398942280f * ck_exp(-0.5f * v * v));
  }
}
