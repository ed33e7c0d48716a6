#include <string.h>

#include "CKernels.h"
#include "variants.h"
#include "vector_math.h"

CK_KERNEL(void, ck_neighbour_mean,
          (int64_t nodes, int64_t width, const int32_t *offsets, const int32_t *neighbours, const float *x,
           const float *bias, float *mean),
          (nodes, width, offsets, neighbours, x, bias, mean)) {
  for (int64_t node = 0; node < nodes; node++) {
    const int32_t first = offsets[node], end = offsets[node + 1];
    float *to = mean + node * width;
    memset(to, 0, (size_t)width * sizeof(float));
    for (int32_t edge = first; edge < end; edge++) {
      const float *from = x + (int64_t)neighbours[edge] * width;
      for (int64_t c = 0; c < width; c++) to[c] += from[c];
    }
    const float share = end > first ? 1.0f / (float)(end - first) : 0.0f;
    for (int64_t c = 0; c < width; c++) to[c] = to[c] * share + bias[c];
  }
}

CK_KERNEL(void, ck_neighbour_mean_backward,
          (int64_t nodes, int64_t width, const int32_t *offsets, const int32_t *neighbours, const float *d_mean,
           float *dx),
          (nodes, width, offsets, neighbours, d_mean, dx)) {
  for (int64_t node = 0; node < nodes; node++) {
    const int32_t first = offsets[node], end = offsets[node + 1];
    const float share = end > first ? 1.0f / (float)(end - first) : 0.0f;
    for (int32_t edge = first; edge < end; edge++) {
      float *to = dx + (int64_t)neighbours[edge] * width;
      for (int64_t c = 0; c < width; c++) to[c] += share * d_mean[node * width + c];
    }
  }
}

CK_KERNEL(void, ck_gated_node,
          (int64_t rows, int64_t width, float *from_input, const float *from_hidden, const float *before, float *after),
          (rows, width, from_input, from_hidden, before, after)) {
  for (int64_t row = 0; row < rows; row++) {
    float *reset = from_input + row * 3 * width, *input = reset + width, *candidate = input + width;
    const float *hidden = from_hidden + row * 3 * width;
    for (int64_t c = 0; c < width; c++) {
      float r = ck_sigmoid(reset[c] + hidden[c]);
      float i = ck_sigmoid(input[c] + hidden[width + c]);
      float n = ck_tanh(candidate[c] + r * hidden[2 * width + c]);
      float h = before[row * width + c];
      reset[c] = r;
      input[c] = i;
      candidate[c] = n;
      after[row * width + c] = h + i * (n - h);
    }
  }
}

CK_KERNEL(void, ck_gated_node_backward,
          (int64_t rows, int64_t width, const float *gates, const float *from_hidden, const float *before,
           const float *d_after, float *d_from_input, float *d_from_hidden, float *d_before),
          (rows, width, gates, from_hidden, before, d_after, d_from_input, d_from_hidden, d_before)) {
  for (int64_t row = 0; row < rows; row++) {
    const float *reset = gates + row * 3 * width, *input = reset + width, *candidate = input + width;
    const float *hidden = from_hidden + row * 3 * width;
    float *d_input = d_from_input + row * 3 * width, *d_hidden = d_from_hidden + row * 3 * width;
    for (int64_t c = 0; c < width; c++) {
      float r = reset[c], i = input[c], n = candidate[c], d = d_after[row * width + c];
      float d_candidate = d * i * (1.0f - n * n);
      float d_reset = d_candidate * hidden[2 * width + c] * r * (1.0f - r);
      float d_gate = d * (n - before[row * width + c]) * i * (1.0f - i);
      d_input[c] = d_hidden[c] = d_reset;
      d_input[width + c] = d_hidden[width + c] = d_gate;
      d_input[2 * width + c] = d_candidate;
      d_hidden[2 * width + c] = d_candidate * r;
      d_before[row * width + c] = d * (1.0f - i);
    }
  }
}
