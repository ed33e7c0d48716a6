#include "CKernels.h"
#include "variants.h"
#include "vector_math.h"

CK_VARIANTS void ck_softmax_statistics(int64_t items, int64_t sessions, const float *logits, float *maximum,
                                       double *sum, float *scratch) {
  float *tile_maximum = scratch, *tile_sum = scratch + sessions;
  for (int64_t s = 0; s < sessions; s++) {
    tile_maximum[s] = maximum[s];
    tile_sum[s] = 0;
  }
  for (int64_t i = 0; i < items; i++)
    for (int64_t s = 0; s < sessions; s++) {
      float logit = logits[i * sessions + s];
      tile_maximum[s] = logit > tile_maximum[s] ? logit : tile_maximum[s];
    }
  for (int64_t i = 0; i < items; i++)
    for (int64_t s = 0; s < sessions; s++) tile_sum[s] += ck_exp(logits[i * sessions + s] - tile_maximum[s]);
  // A tile's few hundred terms are summed in float, the hundreds of tiles in double.
  for (int64_t s = 0; s < sessions; s++) {
    sum[s] = sum[s] * (double)ck_exp(maximum[s] - tile_maximum[s]) + (double)tile_sum[s];
    maximum[s] = tile_maximum[s];
  }
}

CK_VARIANTS void ck_softmax_gradient(int64_t items, int64_t sessions, const float *log_normaliser,
                                     const float *scale, float *logits) {
  for (int64_t i = 0; i < items; i++)
    for (int64_t s = 0; s < sessions; s++)
      logits[i * sessions + s] = ck_exp(logits[i * sessions + s] - log_normaliser[s]) * scale[s];
}

CK_VARIANTS void ck_count_above(int64_t items, int64_t sessions, const float *logits, int64_t first_row,
                                const uint8_t *mask, const int32_t *allowed, const float *target_logit,
                                const int32_t *target_row, int32_t *above) {
  for (int64_t i = 0; i < items; i++) {
    int32_t row = (int32_t)(first_row + i), member = mask[i];
    for (int64_t s = 0; s < sessions; s++) {
      float logit = logits[i * sessions + s];
      int32_t before = (logit > target_logit[s]) | ((logit == target_logit[s]) & (row < target_row[s]));
      above[s] += before & ((member & allowed[s]) != 0);
    }
  }
}

CK_VARIANTS int64_t ck_collect_above(int64_t items, int64_t sessions, const float *logits, const uint8_t *mask,
                                     const int32_t *allowed, const float *threshold, int32_t *places) {
  // Few places are above once a session has seen its best items: whole groups of sessions are skipped.
  enum { GROUP = 32 };
  int64_t count = 0;
  for (int64_t i = 0; i < items; i++) {
    int32_t member = mask[i];
    const float *row = logits + i * sessions;
    for (int64_t start = 0; start < sessions; start += GROUP) {
      int64_t end = start + GROUP;
      if (end <= sessions) {
        int32_t any = 0;
        for (int64_t s = start; s < start + GROUP; s++)
          any |= (row[s] > threshold[s]) & ((member & allowed[s]) != 0);
        if (!any) continue;
      } else {
        end = sessions;
      }
      for (int64_t s = start; s < end; s++)
        if (row[s] > threshold[s] && (member & allowed[s]) != 0) places[count++] = (int32_t)(i * sessions + s);
    }
  }
  return count;
}
