#include <math.h>
#include <stddef.h>

#include "CKernels.h"
#include "final_activation.h"
#include "variants.h"
#include "vector_math.h"

// Sums and maxima along a row run in 16 strands, each in order, which are then combined in order: the same bits
// with vectors of any length.
enum { strands = 16 };

CK_INLINE float strand_sum(const float *strand) {
  float sum = 0;
  for (int k = 0; k < strands; k++) sum += strand[k];
  return sum;
}

CK_INLINE float row_maximum(int64_t columns, const float *x) {
  float strand[strands];
  for (int k = 0; k < strands; k++) strand[k] = -INFINITY;
  for (int64_t first = 0; first + strands <= columns; first += strands)
    for (int k = 0; k < strands; k++) strand[k] = x[first + k] > strand[k] ? x[first + k] : strand[k];
  for (int64_t c = columns / strands * strands; c < columns; c++)
    strand[0] = x[c] > strand[0] ? x[c] : strand[0];
  float maximum = strand[0];
  for (int k = 1; k < strands; k++) maximum = strand[k] > maximum ? strand[k] : maximum;
  return maximum;
}

// weight[c] = exp(y[c] - maximum); returns their sum.
CK_INLINE float exponentials(int64_t columns, const float *y, float maximum, float *weight) {
  for (int64_t c = 0; c < columns; c++) weight[c] = ck_exp(y[c] - maximum);
  float strand[strands] = {0};
  for (int64_t first = 0; first + strands <= columns; first += strands)
    for (int k = 0; k < strands; k++) strand[k] += weight[first + k];
  for (int64_t c = columns / strands * strands; c < columns; c++) strand[0] += weight[c];
  return strand_sum(strand);
}

CK_INLINE double cross_entropy(int64_t columns, int64_t positive, float *y, float *weight) {
  float maximum = row_maximum(columns, y), sum = exponentials(columns, y, maximum, weight);
  double loss = (double)maximum + log((double)sum) - (double)y[positive];
  for (int64_t c = 0; c < columns; c++) y[c] = weight[c] / sum;
  y[positive] -= 1.0f;
  return loss;
}

// The softmax over the negatives: the positive's weight is 0.
CK_INLINE void negative_softmax(int64_t columns, int64_t positive, float *y, float *weight) {
  float target = y[positive];
  y[positive] = -INFINITY;
  float maximum = row_maximum(columns, y);
  y[positive] = target;
  exponentials(columns, y, maximum, weight);
  weight[positive] = 0.0f;
  float strand[strands] = {0};
  for (int64_t c = 0; c < columns; c++) strand[c % strands] += weight[c];
  float sum = strand_sum(strand);
  for (int64_t c = 0; c < columns; c++) weight[c] /= sum;
}

CK_INLINE double bpr_max(int64_t columns, int64_t positive, float regularisation, float *y, float *weight) {
  negative_softmax(columns, positive, y, weight);
  float target = y[positive];
  float better[strands] = {0}, squares[strands] = {0}, slopes[strands] = {0};
  for (int64_t c = 0; c < columns; c++) {
    float above = ck_sigmoid(target - y[c]);
    better[c % strands] += weight[c] * above;
    squares[c % strands] += weight[c] * y[c] * y[c];
    slopes[c % strands] += weight[c] * above * (1.0f - above);
  }
  float mean_better = strand_sum(better), mean_square = strand_sum(squares);
  float inverse = 1.0f / (mean_better + 1e-24f);
  for (int64_t c = 0; c < columns; c++) {
    float above = ck_sigmoid(target - y[c]);
    float d_better = weight[c] * (above - mean_better - above * (1.0f - above));
    float d_square = weight[c] * (y[c] * y[c] - mean_square + 2.0f * y[c]);
    y[c] = regularisation * d_square - inverse * d_better;
  }
  y[positive] = -inverse * strand_sum(slopes);
  return -log((double)mean_better + 1e-24) + (double)regularisation * (double)mean_square;
}

CK_INLINE double top1_max(int64_t columns, int64_t positive, float *y, float *weight) {
  negative_softmax(columns, positive, y, weight);
  float target = y[positive];
  float losses[strands] = {0}, slopes[strands] = {0};
  for (int64_t c = 0; c < columns; c++) {
    float above = ck_sigmoid(y[c] - target), square = ck_sigmoid(y[c] * y[c]);
    losses[c % strands] += weight[c] * (above + square);
    slopes[c % strands] += weight[c] * above * (1.0f - above);
  }
  float loss = strand_sum(losses);
  for (int64_t c = 0; c < columns; c++) {
    float above = ck_sigmoid(y[c] - target), square = ck_sigmoid(y[c] * y[c]);
    float slope = above * (1.0f - above) + 2.0f * y[c] * square * (1.0f - square);
    y[c] = weight[c] * (above + square - loss + slope);
  }
  y[positive] = -strand_sum(slopes);
  return (double)loss;
}

CK_KERNEL(void, ck_sampled_loss,
          (enum ck_sampled_loss_kind kind, int64_t sessions, int64_t columns, const int32_t *positives,
           const float *correction, float elu_alpha, float regularisation, float scale, float *logits, float *scratch,
           double *losses),
          (kind, sessions, columns, positives, correction, elu_alpha, regularisation, scale, logits, scratch,
           losses)) {
  float *weight = scratch, *slope = scratch + columns;
  for (int64_t s = 0; s < sessions; s++) {
    float *y = logits + s * columns;
    int64_t positive = positives[s];
    for (int64_t c = 0; c < columns; c++) {
      float value = ck_activated(y[c], elu_alpha);
      slope[c] = ck_activation_slope(value, elu_alpha) * scale;
      y[c] = value - (correction ? correction[c] : 0.0f);
    }
    // A target without any other candidate, as of a last batch of one session without samples, has nothing to be above:
    // it costs nothing, and there is nothing to learn.
    if (columns == 1 && kind != ck_loss_cross_entropy) {
      losses[s] = 0;
      y[0] = 0.0f;
      continue;
    }
    switch (kind) {
      case ck_loss_cross_entropy: losses[s] = cross_entropy(columns, positive, y, weight); break;
      case ck_loss_bpr_max: losses[s] = bpr_max(columns, positive, regularisation, y, weight); break;
      case ck_loss_top1_max: losses[s] = top1_max(columns, positive, y, weight); break;
    }
    for (int64_t c = 0; c < columns; c++) y[c] *= slope[c];
  }
}
