#include "CKernels.h"
#include "CPhilox.h"

void ck_dropout(int64_t rows, int64_t columns, const float *x, float rate, uint64_t key, uint32_t step,
                uint32_t site, const int32_t *session, const int32_t *time, float *y) {
  const float kept_scale = 1.0f / (1.0f - rate);
  const uint32_t blocks = (uint32_t)((columns + 3) / 4);
  for (int64_t r = 0; r < rows; r++) {
    for (uint32_t block = 0; block < blocks; block++) {
      philox_block counter = {{(uint32_t)time[r] * blocks + block, (uint32_t)session[r], step, site}};
      philox_block draw = philox4x32(counter, key);
      int64_t first = (int64_t)block * 4, end = first + 4 < columns ? first + 4 : columns;
      for (int64_t c = first; c < end; c++) {
        float scale = philox_unit_float(draw.word[c - first]) < rate ? 0.0f : kept_scale;
        y[r * columns + c] = x[r * columns + c] * scale;
      }
    }
  }
}
