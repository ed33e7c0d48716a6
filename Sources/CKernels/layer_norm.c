#include "CKernels.h"
#include "row_sums.h"
#include "variants.h"

CK_KERNEL(void, ck_layer_norm,
          (int64_t rows, int64_t width, const float *a, const float *b, const float *gain, const float *bias,
           float epsilon, float *standard, float *inverse_deviation, float *y),
          (rows, width, a, b, gain, bias, epsilon, standard, inverse_deviation, y)) {
  const float share = 1.0f / (float)width;
  for (int64_t r = 0; r < rows; r++) {
    float *s = standard + r * width;
    for (int64_t c = 0; c < width; c++) s[c] = b ? a[r * width + c] + b[r * width + c] : a[r * width + c];
    const float mean = ck_total(width, s) * share;
    for (int64_t c = 0; c < width; c++) s[c] -= mean;
    const float inverse = 1.0f / __builtin_sqrtf(ck_dot(width, s, s) * share + epsilon);
    for (int64_t c = 0; c < width; c++) {
      s[c] *= inverse;
      y[r * width + c] = s[c] * gain[c] + (bias ? bias[c] : 0.0f);
    }
    inverse_deviation[r] = inverse;
  }
}

CK_KERNEL(void, ck_layer_norm_backward,
          (int64_t rows, int64_t width, const float *gain, const float *standard, const float *inverse_deviation,
           const float *dy, float *d_gain, float *d_bias, float *d_sum),
          (rows, width, gain, standard, inverse_deviation, dy, d_gain, d_bias, d_sum)) {
  const float share = 1.0f / (float)width;
  for (int64_t r = 0; r < rows; r++) {
    const float *s = standard + r * width, *d = dy + r * width;
    float *to = d_sum + r * width;
    for (int64_t c = 0; c < width; c++) {
      d_gain[c] += d[c] * s[c];
      to[c] = d[c] * gain[c];
    }
    if (d_bias) ck_add_scaled(width, 1.0f, d, d_bias);
    const float mean = ck_total(width, to) * share, slope = ck_dot(width, to, s) * share;
    for (int64_t c = 0; c < width; c++) to[c] = inverse_deviation[r] * (to[c] - mean - slope * s[c]);
  }
}
