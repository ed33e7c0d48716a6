#include <string.h>

#include "CKernels.h"
#include "variants.h"

void ck_gather_rows(int64_t rows, int64_t columns, const float *table, const int32_t *index, float *out) {
  for (int64_t r = 0; r < rows; r++)
    memcpy(out + r * columns, table + (int64_t)index[r] * columns, (size_t)columns * sizeof(float));
}

CK_KERNEL(void, ck_scatter_add_rows,
          (int64_t rows, int64_t columns, const float *x, const int32_t *index, float *table),
          (rows, columns, x, index, table)) {
  for (int64_t r = 0; r < rows; r++) {
    float *row = table + (int64_t)index[r] * columns;
    for (int64_t c = 0; c < columns; c++) row[c] += x[r * columns + c];
  }
}

void ck_prefetch_row(int64_t columns, const float *row) {
  for (int64_t c = 0; c < columns; c += 16) __builtin_prefetch(row + c, 1, 3);
}
