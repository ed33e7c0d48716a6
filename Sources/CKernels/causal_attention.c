#include <string.h>

#include "CKernels.h"
#include "CPhilox.h"
#include "row_sums.h"
#include "variants.h"

void ck_causal_dropout(int64_t sessions, int64_t heads, const int32_t *offsets, float rate, uint64_t key,
                       uint32_t step, uint32_t first_site, const int32_t *position, float *kept) {
  const float kept_scale = 1.0f / (1.0f - rate);
  for (int64_t s = 0; s < sessions; s++) {
    const uint32_t clicks = (uint32_t)(offsets[s + 1] - offsets[s]);
    for (uint32_t head = 0; head < (uint32_t)heads; head++)
      for (uint32_t query = 0; query < clicks; query++, kept += query)
        for (uint32_t first = 0; first <= query; first += 4) {
          philox_block counter = {{query << 16 | first / 4, (uint32_t)position[s], step, first_site + head}};
          philox_block draw = philox4x32(counter, key);
          for (uint32_t j = first; j <= query && j < first + 4; j++)
            kept[j] = philox_unit_float(draw.word[j - first]) < rate ? 0.0f : kept_scale;
        }
  }
}

CK_KERNEL(void, ck_causal_attention,
          (int64_t sessions, int64_t heads, int64_t head_width, const int32_t *offsets, const float *queries,
           const float *keys, const float *values, const float *kept, float *probabilities, float *mixed),
          (sessions, heads, head_width, offsets, queries, keys, values, kept, probabilities, mixed)) {
  const int64_t width = heads * head_width;
  const float scale = 1.0f / __builtin_sqrtf((float)head_width);
  float *p = probabilities;
  for (int64_t s = 0; s < sessions; s++) {
    const int64_t clicks = offsets[s + 1] - offsets[s];
    for (int64_t head = 0; head < heads; head++) {
      const int64_t first = offsets[s] * width + head * head_width;
      const float *k = keys + first, *v = values + first;
      for (int64_t query = 0; query < clicks; query++) {
        float maximum = -3e38f;
        for (int64_t j = 0; j <= query; j++) {
          p[j] = ck_dot(head_width, queries + first + query * width, k + j * width) * scale;
          maximum = p[j] > maximum ? p[j] : maximum;
        }
        for (int64_t j = 0; j <= query; j++) p[j] = ck_exp(p[j] - maximum);
        const float normaliser = 1.0f / ck_total(query + 1, p);
        float *to = mixed + first + query * width;
        memset(to, 0, (size_t)head_width * sizeof(float));
        for (int64_t j = 0; j <= query; j++) {
          p[j] *= normaliser;
          ck_add_scaled(head_width, kept ? p[j] * kept[j] : p[j], v + j * width, to);
        }
        p += query + 1;
        if (kept) kept += query + 1;
      }
    }
  }
}

CK_KERNEL(void, ck_causal_attention_backward,
          (int64_t sessions, int64_t heads, int64_t head_width, const int32_t *offsets, const float *queries,
           const float *keys, const float *values, const float *kept, const float *probabilities, const float *d_mixed,
           float *scratch, float *d_queries, float *d_keys, float *d_values),
          (sessions, heads, head_width, offsets, queries, keys, values, kept, probabilities, d_mixed, scratch,
           d_queries, d_keys, d_values)) {
  const int64_t width = heads * head_width;
  const float scale = 1.0f / __builtin_sqrtf((float)head_width);
  const float *p = probabilities;
  for (int64_t s = 0; s < sessions; s++) {
    const int64_t clicks = offsets[s + 1] - offsets[s];
    for (int64_t head = 0; head < heads; head++) {
      const int64_t first = offsets[s] * width + head * head_width;
      for (int64_t query = 0; query < clicks; query++) {
        const int64_t here = first + query * width;
        for (int64_t j = 0; j <= query; j++) {
          const float mask = kept ? kept[j] : 1.0f;
          scratch[j] = ck_dot(head_width, d_mixed + here, values + first + j * width) * mask;
          ck_add_scaled(head_width, p[j] * mask, d_mixed + here, d_values + first + j * width);
        }
        const float mean = ck_dot(query + 1, p, scratch);
        for (int64_t j = 0; j <= query; j++) {
          const float d_score = p[j] * (scratch[j] - mean) * scale;
          ck_add_scaled(head_width, d_score, keys + first + j * width, d_queries + here);
          ck_add_scaled(head_width, d_score, queries + here, d_keys + first + j * width);
        }
        p += query + 1;
        if (kept) kept += query + 1;
      }
    }
  }
}
