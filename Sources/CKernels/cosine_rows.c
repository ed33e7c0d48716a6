#include "CKernels.h"
#include "CPhilox.h"
#include "row_sums.h"
#include "variants.h"

// The shortest length that a row is divided by, as in torch.nn.functional.normalize.
static const float shortest = 1e-12f;

CK_VARIANTS void ck_normalise_rows(int64_t rows, int64_t width, const float *x, float length,
                                   float *inverse_length, float *y) {
  for (int64_t r = 0; r < rows; r++) {
    const float norm = __builtin_sqrtf(ck_dot(width, x + r * width, x + r * width));
    inverse_length[r] = 1.0f / (norm > shortest ? norm : shortest);
    const float factor = length * inverse_length[r];
    for (int64_t c = 0; c < width; c++) y[r * width + c] = x[r * width + c] * factor;
  }
}

CK_VARIANTS void ck_normalise_rows_backward(int64_t rows, int64_t width, const float *y, float length,
                                            const float *inverse_length, const float *dy, float *dx) {
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

enum { BLOCKS = 16 };

// Philox 4x32-10 for sixteen neighbouring blocks at once, so that the rounds become vector code.
CK_INLINE void philox_blocks(uint32_t first, uint32_t row, uint32_t step, uint32_t site, uint64_t key,
                             uint32_t word[4][BLOCKS]) {
  uint32_t key0 = (uint32_t)key, key1 = (uint32_t)(key >> 32);
  for (uint32_t j = 0; j < BLOCKS; j++) {
    word[0][j] = first + j;
    word[1][j] = row;
    word[2][j] = step;
    word[3][j] = site;
  }
  for (int round = 0; round < 10; round++) {
    for (int j = 0; j < BLOCKS; j++) {
      uint64_t product0 = (uint64_t)0xD2511F53u * word[0][j], product1 = (uint64_t)0xCD9E8D57u * word[2][j];
      word[0][j] = (uint32_t)(product1 >> 32) ^ word[1][j] ^ key0;
      word[1][j] = (uint32_t)product1;
      word[2][j] = (uint32_t)(product0 >> 32) ^ word[3][j] ^ key1;
      word[3][j] = (uint32_t)product0;
    }
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

CK_VARIANTS void ck_dropout_table_rows(int64_t rows, int64_t width, const float *x, float rate, uint64_t key,
                                       uint32_t step, uint32_t site, uint32_t first_row, float *y) {
  const float kept_scale = 1.0f / (1.0f - rate);
  uint32_t word[4][BLOCKS];
  float scale[4 * BLOCKS];
  for (int64_t r = 0; r < rows; r++)
    for (int64_t first = 0; first < width; first += 4 * BLOCKS) {
      philox_blocks((uint32_t)(first / 4), first_row + (uint32_t)r, step, site, key, word);
      for (int w = 0; w < 4; w++)
        for (int j = 0; j < BLOCKS; j++)
          scale[4 * j + w] = philox_unit_float(word[w][j]) < rate ? 0.0f : kept_scale;
      const float *from = x + r * width + first;
      float *to = y + r * width + first;
      const int64_t count = width - first < 4 * BLOCKS ? width - first : 4 * BLOCKS;
      for (int64_t c = 0; c < count; c++) to[c] = from[c] * scale[c];
    }
}
