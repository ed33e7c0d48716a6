#include "CKernels.h"
#include "variants.h"
#include "vector_math.h"

CK_KERNEL(void, ck_gru_cell,
          (int64_t rows, int64_t width, float *from_input, const float *from_hidden, const float *previous,
           float *hidden_candidate, float *next),
          (rows, width, from_input, from_hidden, previous, hidden_candidate, next)) {
  for (int64_t row = 0; row < rows; row++) {
    float *reset = from_input + row * 3 * width, *update = reset + width, *candidate = update + width;
    const float *hidden_reset = from_hidden + row * 3 * width, *hidden_update = hidden_reset + width,
                *hidden = hidden_update + width;
    const float *before = previous + row * width;
    float *kept = hidden_candidate + row * width, *after = next + row * width;
    for (int64_t c = 0; c < width; c++) {
      float r = ck_sigmoid(reset[c] + hidden_reset[c]);
      float z = ck_sigmoid(update[c] + hidden_update[c]);
      float n = ck_tanh(candidate[c] + r * hidden[c]);
      reset[c] = r;
      update[c] = z;
      candidate[c] = n;
      kept[c] = hidden[c];
      after[c] = n + z * (before[c] - n);
    }
  }
}

CK_KERNEL(void, ck_gru_cell_backward,
          (int64_t rows, int64_t width, const float *gates, const float *hidden_candidate, const float *previous,
           const float *d_next, float *d_from_input, float *d_from_hidden, float *d_previous),
          (rows, width, gates, hidden_candidate, previous, d_next, d_from_input, d_from_hidden, d_previous)) {
  for (int64_t row = 0; row < rows; row++) {
    const float *reset = gates + row * 3 * width, *update = reset + width, *candidate = update + width;
    float *d_input = d_from_input + row * 3 * width, *d_hidden = d_from_hidden + row * 3 * width;
    for (int64_t c = 0; c < width; c++) {
      float r = reset[c], z = update[c], n = candidate[c], dh = d_next[row * width + c];
      float d_candidate = dh * (1.0f - z) * (1.0f - n * n);
      float d_reset = d_candidate * hidden_candidate[row * width + c] * r * (1.0f - r);
      float d_update = dh * (previous[row * width + c] - n) * z * (1.0f - z);
      d_input[c] = d_hidden[c] = d_reset;
      d_input[width + c] = d_hidden[width + c] = d_update;
      d_input[2 * width + c] = d_candidate;
      d_hidden[2 * width + c] = d_candidate * r;
      d_previous[row * width + c] = dh * z;
    }
  }
}
