#include <string.h>

#include "CKernels.h"
#include "row_sums.h"
#include "variants.h"

CK_VARIANTS void ck_session_mean(int64_t sessions, int64_t width, const int32_t *offsets, const float *x,
                                 float *mean) {
  for (int64_t s = 0; s < sessions; s++) {
    float *to = mean + s * width;
    const float share = 1.0f / (float)(offsets[s + 1] - offsets[s]);
    memset(to, 0, (size_t)width * sizeof(float));
    for (int64_t r = offsets[s]; r < offsets[s + 1]; r++)
      for (int64_t c = 0; c < width; c++) to[c] += x[r * width + c];
    for (int64_t c = 0; c < width; c++) to[c] *= share;
  }
}

CK_VARIANTS void ck_session_mean_backward(int64_t sessions, int64_t width, const int32_t *offsets,
                                          const float *d_mean, float *dx) {
  for (int64_t s = 0; s < sessions; s++) {
    const float share = 1.0f / (float)(offsets[s + 1] - offsets[s]);
    for (int64_t r = offsets[s]; r < offsets[s + 1]; r++)
      for (int64_t c = 0; c < width; c++) dx[r * width + c] = d_mean[s * width + c] * share;
  }
}

CK_VARIANTS void ck_additive_attention(int64_t sessions, int64_t width, int64_t value_width,
                                       const int32_t *offsets, const float *keys, const float *queries,
                                       const float *weight, const float *values, float *gate, float *share,
                                       float *pooled) {
  for (int64_t s = 0; s < sessions; s++) {
    const float *query = queries + s * width;
    float *to = pooled + s * value_width;
    memset(to, 0, (size_t)value_width * sizeof(float));
    for (int64_t r = offsets[s]; r < offsets[s + 1]; r++) {
      for (int64_t c = 0; c < width; c++) gate[r * width + c] = ck_sigmoid(keys[r * width + c] + query[c]);
      share[r] = ck_dot(width, gate + r * width, weight);
      ck_add_scaled(value_width, share[r], values + r * value_width, to);
    }
  }
}

CK_VARIANTS void ck_additive_attention_backward(int64_t sessions, int64_t width, int64_t value_width,
                                                const int32_t *offsets, const float *weight,
                                                const float *values, const float *gate, const float *share,
                                                const float *d_pooled, float *d_keys, float *d_queries,
                                                float *d_weight, float *d_values) {
  for (int64_t s = 0; s < sessions; s++) {
    const float *d_to = d_pooled + s * value_width;
    float *d_query = d_queries + s * width;
    memset(d_query, 0, (size_t)width * sizeof(float));
    for (int64_t r = offsets[s]; r < offsets[s + 1]; r++) {
      const float *g = gate + r * width;
      float *d_key = d_keys + r * width;
      const float d_share = ck_dot(value_width, values + r * value_width, d_to);
      for (int64_t c = 0; c < value_width; c++) d_values[r * value_width + c] = share[r] * d_to[c];
      for (int64_t c = 0; c < width; c++) {
        float d_sum = d_share * weight[c] * g[c] * (1.0f - g[c]);
        d_weight[c] += d_share * g[c];
        d_key[c] = d_sum;
        d_query[c] += d_sum;
      }
    }
  }
}

CK_VARIANTS void ck_softmax_pooling(int64_t sessions, int64_t width, const int32_t *offsets,
                                    const float *scores, const float *values, float *share, float *pooled) {
  for (int64_t s = 0; s < sessions; s++) {
    const int64_t first = offsets[s], count = offsets[s + 1] - first;
    float *to = pooled + s * width;
    memset(to, 0, (size_t)width * sizeof(float));
    float maximum = scores[first];
    for (int64_t i = 1; i < count; i++) maximum = scores[first + i] > maximum ? scores[first + i] : maximum;
    for (int64_t i = 0; i < count; i++) share[first + i] = ck_exp(scores[first + i] - maximum);
    const float normaliser = 1.0f / ck_total(count, share + first);
    for (int64_t r = first; r < first + count; r++) {
      share[r] *= normaliser;
      ck_add_scaled(width, share[r], values + r * width, to);
    }
  }
}

CK_VARIANTS void ck_softmax_pooling_backward(int64_t sessions, int64_t width, const int32_t *offsets,
                                             const float *values, const float *share, const float *d_pooled,
                                             float *d_scores, float *d_values) {
  for (int64_t s = 0; s < sessions; s++) {
    const int64_t first = offsets[s], count = offsets[s + 1] - first;
    const float *d_to = d_pooled + s * width;
    for (int64_t r = first; r < first + count; r++) {
      d_scores[r] = ck_dot(width, values + r * width, d_to);
      for (int64_t c = 0; c < width; c++) d_values[r * width + c] = share[r] * d_to[c];
    }
    const float mean = ck_dot(count, share + first, d_scores + first);
    for (int64_t r = first; r < first + count; r++) d_scores[r] = share[r] * (d_scores[r] - mean);
  }
}
