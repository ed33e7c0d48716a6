#include <string.h>

#include "CKernels.h"
#include "variants.h"

CK_KERNEL(void, ck_multiply, (int64_t count, const float *a, const float *b, float *y), (count, a, b, y)) {
  for (int64_t i = 0; i < count; i++) y[i] = a[i] * b[i];
}

void ck_copy_columns(int64_t rows, int64_t columns, const float *x, int64_t x_stride, float *y,
                     int64_t y_stride) {
  for (int64_t r = 0; r < rows; r++)
    memcpy(y + r * y_stride, x + r * x_stride, (size_t)columns * sizeof(float));
}
