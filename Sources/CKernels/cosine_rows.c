#include "CKernels.h"
#include "dropout_row.h"
#include "row_sums.h"
#include "variants.h"

// The shortest length that a row is divided by, as in torch.nn.functional.normalize.
static const float shortest = 1e-12f;

CK_KERNEL(void, ck_normalise_rows,
          (int64_t rows, int64_t width, const float *x, float length, float *inverse_length, float *y),
          (rows, width, x, length, inverse_length, y)) {
  for (int64_t r = 0; r < rows; r++) {
    const float norm = __builtin_sqrtf(ck_dot(width, x + r * width, x + r * width));
    inverse_length[r] = 1.0f / (norm > shortest ? norm : shortest);
    const float factor = length * inverse_length[r];
    for (int64_t c = 0; c < width; c++) y[r * width + c] = x[r * width + c] * factor;
  }
}

CK_KERNEL(void, ck_normalise_rows_backward,
          (int64_t rows, int64_t width, const float *y, float length, const float *inverse_length, const float *dy,
           float *dx),
          (rows, width, y, length, inverse_length, dy, dx)) {
  const float along = 1.0f / (length * length);
  for (int64_t r = 0; r < rows; r++) {
    const float *row = y + r * width, *d = dy + r * width;
    // Rows of the shortest length and below were divided by a constant.
    const float projection =
        inverse_length[r] < 1.0f / shortest ? ck_dot(width, row, d) * along : 0.0f;
    const float factor = length * inverse_length[r];
    for (int64_t c = 0; c < width; c++) dx[r * width + c] = factor * (d[c] - projection * row[c]);
  }
}

CK_KERNEL(void, ck_dropout_table_rows,
          (int64_t rows, int64_t width, const float *x, float rate, uint64_t key, uint32_t step, uint32_t site,
           uint32_t first_row, float *y),
          (rows, width, x, rate, key, step, site, first_row, y)) {
  for (int64_t r = 0; r < rows; r++)
    ck_drop_row(width, x + r * width, rate, key, 0, first_row + (uint32_t)r, step, site, y + r * width);
}
