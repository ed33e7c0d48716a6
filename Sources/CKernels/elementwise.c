#include "CKernels.h"
#include "variants.h"

CK_KERNEL(void, ck_add, (int64_t count, const float *x, float *y), (count, x, y)) {
  for (int64_t i = 0; i < count; i++) y[i] += x[i];
}

CK_KERNEL(void, ck_add_row, (int64_t rows, int64_t columns, const float *x, float *y), (rows, columns, x, y)) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < columns; c++) y[r * columns + c] += x[c];
}

CK_KERNEL(void, ck_sum_rows, (int64_t rows, int64_t columns, const float *x, float *y), (rows, columns, x, y)) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < columns; c++) y[c] += x[r * columns + c];
}

CK_KERNEL(void, ck_scale_rows, (int64_t rows, int64_t columns, const float *factor, float *x),
          (rows, columns, factor, x)) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < columns; c++) x[r * columns + c] *= factor[r];
}

// In blocks whose lines of both matrices stay in the L1 cache.
void ck_transpose(int64_t rows, int64_t columns, const float *x, float *y) {
  enum { block = 16 };
  for (int64_t row = 0; row < rows; row += block) {
    int64_t last_row = row + block < rows ? row + block : rows;
    for (int64_t column = 0; column < columns; column += block) {
      int64_t last_column = column + block < columns ? column + block : columns;
      for (int64_t c = column; c < last_column; c++)
        for (int64_t r = row; r < last_row; r++) y[c * rows + r] = x[r * columns + c];
    }
  }
}
