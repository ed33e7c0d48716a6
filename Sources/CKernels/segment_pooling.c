#include <string.h>

#include "CKernels.h"
#include "row_sums.h"
#include "variants.h"

CK_KERNEL(void, ck_segment_mean,
          (int64_t segments, int64_t width, const int32_t *first, const int32_t *end, const float *x, float *mean),
          (segments, width, first, end, x, mean)) {
  for (int64_t s = 0; s < segments; s++) {
    float *to = mean + s * width;
    const float share = 1.0f / (float)(end[s] - first[s]);
    memset(to, 0, (size_t)width * sizeof(float));
    for (int64_t r = first[s]; r < end[s]; r++)
      for (int64_t c = 0; c < width; c++) to[c] += x[r * width + c];
    for (int64_t c = 0; c < width; c++) to[c] *= share;
  }
}

CK_KERNEL(void, ck_segment_mean_backward,
          (int64_t segments, int64_t width, const int32_t *first, const int32_t *end, const float *d_mean, float *dx),
          (segments, width, first, end, d_mean, dx)) {
  for (int64_t s = 0; s < segments; s++) {
    const float share = 1.0f / (float)(end[s] - first[s]);
    for (int64_t r = first[s]; r < end[s]; r++) ck_add_scaled(width, share, d_mean + s * width, dx + r * width);
  }
}

CK_KERNEL(void, ck_additive_attention,
          (int64_t segments, int64_t width, int64_t value_width, const int32_t *first, const int32_t *end,
           const float *keys, const float *queries, const float *weight, const float *values, float *share,
           float *pooled),
          (segments, width, value_width, first, end, keys, queries, weight, values, share, pooled)) {
  for (int64_t s = 0; s < segments; s++) {
    const float *query = queries + s * width;
    float *to = pooled + s * value_width;
    memset(to, 0, (size_t)value_width * sizeof(float));
    for (int64_t r = first[s]; r < end[s]; r++, share++) {
      const float *key = keys + r * width;
      float part[16] = {0};
      int64_t c = 0;
      for (; c + 16 <= width; c += 16)
        for (int j = 0; j < 16; j++) part[j] += ck_sigmoid(key[c + j] + query[c + j]) * weight[c + j];
      for (int j = 0; c + j < width; j++) part[j] += ck_sigmoid(key[c + j] + query[c + j]) * weight[c + j];
      *share = ck_fold(part);
      ck_add_scaled(value_width, *share, values + r * value_width, to);
    }
  }
}

CK_KERNEL(void, ck_additive_attention_backward,
          (int64_t segments, int64_t width, int64_t value_width, const int32_t *first, const int32_t *end,
           const float *keys, const float *queries, const float *weight, const float *values, const float *share,
           const float *d_pooled, float *d_keys, float *d_queries, float *d_weight, float *d_values),
          (segments, width, value_width, first, end, keys, queries, weight, values, share, d_pooled, d_keys, d_queries,
           d_weight, d_values)) {
  for (int64_t s = 0; s < segments; s++) {
    const float *query = queries + s * width, *d_to = d_pooled + s * value_width;
    float *d_query = d_queries + s * width;
    memset(d_query, 0, (size_t)width * sizeof(float));
    for (int64_t r = first[s]; r < end[s]; r++, share++) {
      const float *key = keys + r * width;
      float *d_key = d_keys + r * width;
      const float d_share = ck_dot(value_width, values + r * value_width, d_to);
      ck_add_scaled(value_width, *share, d_to, d_values + r * value_width);
      for (int64_t c = 0; c < width; c++) {
        const float gate = ck_sigmoid(key[c] + query[c]);
        const float d_sum = d_share * weight[c] * gate * (1.0f - gate);
        d_weight[c] += d_share * gate;
        d_key[c] += d_sum;
        d_query[c] += d_sum;
      }
    }
  }
}

CK_KERNEL(void, ck_softmax_pooling,
          (int64_t segments, int64_t width, const int32_t *first, const int32_t *end, const float *scores,
           const float *values, float *share, float *pooled),
          (segments, width, first, end, scores, values, share, pooled)) {
  for (int64_t s = 0; s < segments; s++) {
    const int64_t count = end[s] - first[s];
    const float *score = scores + first[s], *value = values + first[s] * width;
    float *to = pooled + s * width;
    memset(to, 0, (size_t)width * sizeof(float));
    float maximum = score[0];
    for (int64_t i = 1; i < count; i++) maximum = score[i] > maximum ? score[i] : maximum;
    for (int64_t i = 0; i < count; i++) share[i] = ck_exp(score[i] - maximum);
    const float normaliser = 1.0f / ck_total(count, share);
    for (int64_t i = 0; i < count; i++) {
      share[i] *= normaliser;
      ck_add_scaled(width, share[i], value + i * width, to);
    }
    share += count;
  }
}

CK_KERNEL(void, ck_softmax_pooling_backward,
          (int64_t segments, int64_t width, const int32_t *first, const int32_t *end, const float *values,
           const float *share, const float *d_pooled, float *scratch, float *d_scores, float *d_values),
          (segments, width, first, end, values, share, d_pooled, scratch, d_scores, d_values)) {
  for (int64_t s = 0; s < segments; s++) {
    const int64_t count = end[s] - first[s];
    const float *d_to = d_pooled + s * width;
    for (int64_t i = 0; i < count; i++) {
      const int64_t at = (first[s] + i) * width;
      scratch[i] = ck_dot(width, values + at, d_to);
      ck_add_scaled(width, share[i], d_to, d_values + at);
    }
    const float mean = ck_dot(count, share, scratch);
    for (int64_t i = 0; i < count; i++) d_scores[first[s] + i] += share[i] * (scratch[i] - mean);
    share += count;
  }
}
