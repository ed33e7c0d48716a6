// Dropout of one row, with random numbers addressed by where the row is.
#ifndef CK_DROPOUT_ROW_H
#define CK_DROPOUT_ROW_H

#include "CPhilox.h"
#include "vector_math.h"

enum { CK_BLOCKS = 16 };

// Philox 4x32-10 for sixteen neighbouring blocks at once, so that the rounds become vector code.
CK_INLINE void ck_philox_blocks(uint32_t first, uint32_t row, uint32_t step, uint32_t site, uint64_t key,
                                uint32_t word[4][CK_BLOCKS]) {
  uint32_t key0 = (uint32_t)key, key1 = (uint32_t)(key >> 32);
  for (uint32_t j = 0; j < CK_BLOCKS; j++) {
    word[0][j] = first + j;
    word[1][j] = row;
    word[2][j] = step;
    word[3][j] = site;
  }
  for (int round = 0; round < 10; round++) {
    for (int j = 0; j < CK_BLOCKS; j++) {
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

// y = x / (1 - rate) where kept, 0 where dropped. Column c is kept by word c % 4 of the block at
// (first_block + c/4, row, step, site). y may be x.
CK_INLINE void ck_drop_row(int64_t width, const float *x, float rate, uint64_t key, uint32_t first_block,
                           uint32_t row, uint32_t step, uint32_t site, float *y) {
  const float kept_scale = 1.0f / (1.0f - rate);
  uint32_t word[4][CK_BLOCKS];
  float scale[4 * CK_BLOCKS];
  for (int64_t first = 0; first < width; first += 4 * CK_BLOCKS) {
    ck_philox_blocks(first_block + (uint32_t)(first / 4), row, step, site, key, word);
    for (int w = 0; w < 4; w++)
      for (int j = 0; j < CK_BLOCKS; j++)
        scale[4 * j + w] = philox_unit_float(word[w][j]) < rate ? 0.0f : kept_scale;
    const int64_t count = width - first < 4 * CK_BLOCKS ? width - first : 4 * CK_BLOCKS;
    for (int64_t c = 0; c < count; c++) y[first + c] = x[first + c] * scale[c];
  }
}

#endif
