#include "CKernels.h"
#include "variants.h"

// The builtin root is the machine's instruction; sqrtf might set errno, which would keep the loops from vectors.

CK_KERNEL(void, ck_adam,
          (int64_t count, const float *restrict gradient, float gradient_scale, float rate_over_correction,
           float root_correction, float beta1, float beta2, float epsilon, float weight_decay, float kept,
           float *restrict weight, float *restrict first_moment, float *restrict second_moment),
          (count, gradient, gradient_scale, rate_over_correction, root_correction, beta1, beta2, epsilon, weight_decay,
           kept, weight, first_moment, second_moment)) {
  for (int64_t i = 0; i < count; i++) {
    float g = gradient[i] * gradient_scale + weight_decay * weight[i];
    float m = first_moment[i] + (1.0f - beta1) * (g - first_moment[i]);
    float v = beta2 * second_moment[i] + (1.0f - beta2) * g * g;
    first_moment[i] = m;
    second_moment[i] = v;
    float step = m / (__builtin_elementwise_sqrt(v) / root_correction + epsilon);
    weight[i] = weight[i] * kept - rate_over_correction * step;
  }
}

CK_KERNEL(void, ck_adagrad,
          (int64_t count, const float *restrict gradient, float gradient_scale, float rate, float momentum,
           float epsilon, float weight_decay, float *restrict weight, float *restrict sum, float *restrict velocity),
          (count, gradient, gradient_scale, rate, momentum, epsilon, weight_decay, weight, sum, velocity)) {
  for (int64_t i = 0; i < count; i++) {
    float g = gradient[i] * gradient_scale + weight_decay * weight[i];
    float s = sum[i] + g * g;
    float v = momentum * velocity[i] - rate * g / __builtin_elementwise_sqrt(s + epsilon);
    sum[i] = s;
    velocity[i] = v;
    weight[i] += v;
  }
}

void ck_sum_squares(int64_t rows, int64_t columns, const float *x, double *sums) {
  for (int64_t r = 0; r < rows; r++) {
    double sum = 0;
    for (int64_t c = 0; c < columns; c++) sum += (double)x[r * columns + c] * (double)x[r * columns + c];
    sums[r] = sum;
  }
}
