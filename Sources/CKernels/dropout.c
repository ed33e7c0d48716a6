#include "CKernels.h"
#include "dropout_row.h"
#include "variants.h"

CK_KERNEL(void, ck_dropout,
          (int64_t rows, int64_t columns, const float *x, float rate, uint64_t key, uint32_t step, uint32_t site,
           const int32_t *session, const int32_t *time, float *y),
          (rows, columns, x, rate, key, step, site, session, time, y)) {
  const uint32_t blocks = (uint32_t)((columns + 3) / 4);
  for (int64_t r = 0; r < rows; r++)
    ck_drop_row(columns, x + r * columns, rate, key, (uint32_t)time[r] * blocks, (uint32_t)session[r], step, site,
                y + r * columns);
}
