#include <math.h>

#include "CKernels.h"
#include "final_activation.h"
#include "variants.h"

// Sums run in 16 strands, each in order, which are then combined in order: the same bits with vectors of any length.
enum { strands = 16, most_factors = 1000 };

// log(1 + exp(-|x|)) summed: the logarithm of a product, whose factors lie between 1 and 2, so that a thousand of them
// are below the largest Float64.
typedef struct {
  double product[strands];
  double largest[strands];
  double logarithms;
  int64_t factors;
} softplus_sum;

CK_INLINE void take_logarithms(softplus_sum *sum) {
  for (int k = 0; k < strands; k++) {
    sum->logarithms += log(sum->product[k]);
    sum->product[k] = 1;
  }
  sum->factors = 0;
}

CK_INLINE double softplus(double x) { return (x > 0 ? x : 0) + log1p(exp(x > 0 ? -x : x)); }

CK_KERNEL(void, ck_binary_loss,
          (int64_t sessions, int64_t columns, const int32_t *positives, const float *negative, float positive_weight,
           float elu_alpha, float scale, float *logits, double *losses),
          (sessions, columns, positives, negative, positive_weight, elu_alpha, scale, logits, losses)) {
  double count = 1;
  for (int64_t c = 0; c < columns; c++) count += negative[c];
  const float share = (float)(scale / count);
  for (int64_t s = 0; s < sessions; s++) {
    float *y = logits + s * columns;
    const float target = ck_activated(y[positives[s]], elu_alpha);
    softplus_sum sum = {.logarithms = 0, .factors = 0};
    for (int k = 0; k < strands; k++) sum.product[k] = 1, sum.largest[k] = 0;
    for (int64_t first = 0; first < columns; first += strands) {
      const int width = (int)(columns - first < strands ? columns - first : strands);
      for (int k = 0; k < width; k++) {
        const float value = ck_activated(y[first + k], elu_alpha);
        const float tail = ck_exp(value > 0 ? -value : value);
        sum.largest[k] += negative[first + k] * (value > 0 ? value : 0);
        sum.product[k] *= 1.0 + (double)(negative[first + k] * tail);
        y[first + k] =
            share * negative[first + k] * ck_sigmoid(value) * ck_activation_slope(value, elu_alpha);
      }
      if (++sum.factors == most_factors) take_logarithms(&sum);
    }
    take_logarithms(&sum);
    for (int k = 0; k < strands; k++) sum.logarithms += sum.largest[k];
    losses[s] = (positive_weight * softplus(-(double)target) + sum.logarithms) / count;
    y[positives[s]] -= share * positive_weight * ck_sigmoid(-target) * ck_activation_slope(target, elu_alpha);
  }
}
