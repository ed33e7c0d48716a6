#include "CKernels.h"
#include "variants.h"

// The builtin root is the machine's instruction; sqrtf might set errno, which would keep the loop from vectors.
CK_VARIANTS void ck_adam(int64_t count, const float *restrict gradient, float rate_over_correction,
                         float root_correction, float beta1, float beta2, float epsilon, float weight_decay,
                         float *restrict parameter, float *restrict first_moment,
                         float *restrict second_moment) {
  for (int64_t i = 0; i < count; i++) {
    float g = gradient[i] + weight_decay * parameter[i];
    float m = first_moment[i] + (1.0f - beta1) * (g - first_moment[i]);
    float v = beta2 * second_moment[i] + (1.0f - beta2) * g * g;
    first_moment[i] = m;
    second_moment[i] = v;
    parameter[i] -= rate_over_correction * (m / (__builtin_elementwise_sqrt(v) / root_correction + epsilon));
  }
}
