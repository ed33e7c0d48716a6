#include "portable_matmul.h"

#include <string.h>

#include "lanes16.h"
#include "variants.h"

// A tile of c is held in registers while k runs, several rows of one or two vectors of sixteen. Blocks of k end in c
// and go on from there, which is the same chain; what fills up a panel is in columns of its own, which are not stored.
// So nothing below changes a bit.

// How far k runs before the next tile: a panel of b, [DEPTH, 16 or 32], stays in the L1 cache with the rows of a.
enum { DEPTH = 128, MOST_ROWS = 8, MOST_SIXTEENS = 2 };

// Element (row, step) of a, or (column, step) of b, lies at from[row · stride + step · step_stride].
typedef struct {
  const float *from;
  int64_t stride, step_stride;
} operand;

// What a tile is made of: some rows of a, and a panel of b, [depth, 16 · sixteens].
typedef struct {
  int64_t depth;
  operand a;
  const float *panel;
  bool goes_on;  // from what c holds
  float *c;
  int64_t c_stride;
} block;

typedef float four __attribute__((vector_size(16)));
typedef float four_anywhere __attribute__((vector_size(16), aligned(4), may_alias));
#define AT4(address) (*(four_anywhere *)(address))

// c[rows, 16 · sixteens] = a · panel, or c + a · panel. Where it is inlined, `rows` and `sixteens` are constants, and
// the sums are in registers.
CK_INLINE void multiply_tile(const int rows, const int sixteens, const block *some) {
  ck_f32x16 sum[MOST_ROWS][MOST_SIXTEENS];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < sixteens; v++)
      sum[r][v] = some->goes_on ? CK_AT16(some->c + r * some->c_stride + 16 * v) : (ck_f32x16){};
  const float *a = some->a.from, *panel = some->panel;
  const int64_t stride = some->a.stride, step_stride = some->a.step_stride;
  for (int64_t step = 0; step < some->depth; step++, a += step_stride, panel += 16 * sixteens) {
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      // The same in all sixteen: taking 0 off, unlike adding it, leaves -0 as it is, and is no instruction.
      const ck_f32x16 factor = a[r * stride] - (ck_f32x16){};
#pragma clang loop unroll(full)
      for (int v = 0; v < sixteens; v++)
        sum[r][v] = __builtin_elementwise_fma(factor, *(const ck_f32x16 *)(panel + 16 * v), sum[r][v]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < sixteens; v++) CK_AT16(some->c + r * some->c_stride + 16 * v) = sum[r][v];
}

CK_INLINE void multiply_rows(const int most_rows, const int sixteens, int64_t rows, const block *some) {
#define ROWS(count) \
  case count: if (count <= most_rows) multiply_tile(count, sixteens, some); return;
  switch (rows) {
    ROWS(1) ROWS(2) ROWS(3) ROWS(4) ROWS(5) ROWS(6) ROWS(7) ROWS(8)
  }
#undef ROWS
}

// The same for a tile of fewer columns, by way of a whole one.
CK_INLINE void multiply_edge(const int most_rows, const int sixteens, int64_t rows, int64_t columns,
                             const block *some) {
  const int width = 16 * sixteens;
  float tile[MOST_ROWS * 16 * MOST_SIXTEENS] = {0};
  if (some->goes_on)
    for (int64_t r = 0; r < rows; r++)
      memcpy(tile + r * width, some->c + r * some->c_stride, (size_t)columns * sizeof *tile);
  const block whole = {some->depth, some->a, some->panel, some->goes_on, tile, width};
  multiply_rows(most_rows, sixteens, rows, &whole);
  for (int64_t r = 0; r < rows; r++)
    memcpy(some->c + r * some->c_stride, tile + r * width, (size_t)columns * sizeof *tile);
}

// Four columns of b that are stored as rows, turned into rows of the panel, four by four.
CK_INLINE void pack_transposed(const int width, int64_t depth, const float *b, int64_t column_stride, float *panel) {
  int64_t step = 0;
  for (; step + 4 <= depth; step += 4) {
    const float *from = b + step;
    const four x0 = AT4(from), x1 = AT4(from + column_stride), x2 = AT4(from + 2 * column_stride),
               x3 = AT4(from + 3 * column_stride);
    const four low0 = __builtin_shufflevector(x0, x1, 0, 4, 1, 5), high0 = __builtin_shufflevector(x0, x1, 2, 6, 3, 7);
    const four low2 = __builtin_shufflevector(x2, x3, 0, 4, 1, 5), high2 = __builtin_shufflevector(x2, x3, 2, 6, 3, 7);
    float *to = panel + step * width;
    AT4(to) = __builtin_shufflevector(low0, low2, 0, 1, 4, 5);
    AT4(to + width) = __builtin_shufflevector(low0, low2, 2, 3, 6, 7);
    AT4(to + 2 * width) = __builtin_shufflevector(high0, high2, 0, 1, 4, 5);
    AT4(to + 3 * width) = __builtin_shufflevector(high0, high2, 2, 3, 6, 7);
  }
  for (; step < depth; step++)
    for (int column = 0; column < 4; column++) panel[step * width + column] = b[column * column_stride + step];
}

// panel[step, column] = b(column, step), and 0 beyond the last column.
CK_INLINE void pack(const int width, int64_t depth, int64_t columns, const operand *b, float *panel) {
  if (columns < width) memset(panel, 0, (size_t)(depth * width) * sizeof *panel);
  if (b->step_stride == 1) {
    int64_t column = 0;
    for (; column + 4 <= columns; column += 4)
      pack_transposed(width, depth, b->from + column * b->stride, b->stride, panel + column);
    for (; column < columns; column++)
      for (int64_t step = 0; step < depth; step++) panel[step * width + column] = b->from[column * b->stride + step];
  } else {
    for (int64_t step = 0; step < depth; step++)
      memcpy(panel + step * width, b->from + step * b->step_stride, (size_t)columns * sizeof *panel);
  }
}

CK_INLINE operand moved(const operand *from, int64_t rows, int64_t steps) {
  return (operand){from->from + rows * from->stride + steps * from->step_stride, from->stride, from->step_stride};
}

// Tiles have as many rows and vectors of sixteen as registers hold beside a row of the panel and a factor.
CK_INLINE void multiply(const int most_rows, const int sixteens, int64_t m, int64_t n, int64_t k, const operand *a,
                        const operand *b, bool accumulate, float *c) {
  const int width = 16 * sixteens;
  _Alignas(64) float panel[DEPTH * 16 * MOST_SIXTEENS];
  for (int64_t first = 0; first < k; first += DEPTH) {
    const int64_t depth = k - first < DEPTH ? k - first : DEPTH;
    for (int64_t column = 0; column < n; column += width) {
      const int64_t columns = n - column < width ? n - column : width;
      const operand packed = moved(b, column, first);
      pack(width, depth, columns, &packed, panel);
      // Tiles of nearly the same number of rows: a tile of one row would wait for each of its additions.
      int64_t tiles = (m + most_rows - 1) / most_rows;
      for (int64_t row = 0, rows; row < m; row += rows, tiles--) {
        rows = (m - row + tiles - 1) / tiles;
        const block some = {depth, moved(a, row, first), panel, accumulate || first > 0, c + row * n + column, n};
        if (columns == width)
          multiply_rows(most_rows, sixteens, rows, &some);
        else
          multiply_edge(most_rows, sixteens, rows, columns, &some);
      }
    }
  }
}

// AVX-512 has 32 registers of sixteen floats, AVX2 sixteen of eight.
#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void multiply_avx512(int64_t m, int64_t n, int64_t k, const operand *a,
                                                               const operand *b, bool accumulate, float *c) {
  multiply(8, 2, m, n, k, a, b, accumulate, c);
}
__attribute__((target("arch=haswell"))) static void multiply_avx2(int64_t m, int64_t n, int64_t k, const operand *a,
                                                                  const operand *b, bool accumulate, float *c) {
  multiply(6, 1, m, n, k, a, b, accumulate, c);
}
#endif

void ck_portable_matmul(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float *a,
                        const float *b, bool accumulate, float *c) {
  if (k == 0 && !accumulate) memset(c, 0, (size_t)(m * n) * sizeof *c);
  const operand left = {a, transpose_a ? 1 : k, transpose_a ? m : 1};
  const operand right = {b, transpose_b ? k : 1, transpose_b ? 1 : n};
#if defined(__x86_64__)
  if (ck_isa_of_kernels() >= CK_AVX512) return multiply_avx512(m, n, k, &left, &right, accumulate, c);
  multiply_avx2(m, n, k, &left, &right, accumulate, c);
#else
  multiply(6, 1, m, n, k, &left, &right, accumulate, c);
#endif
}
