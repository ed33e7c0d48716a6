// What scores go through before a loss over samples.
#ifndef CK_FINAL_ACTIVATION_H
#define CK_FINAL_ACTIVATION_H

#include "vector_math.h"

// ELU; alpha 0 leaves scores as they are.
CK_INLINE float ck_activated(float x, float elu_alpha) {
  return x >= 0.0f || elu_alpha == 0.0f ? x : elu_alpha * (ck_exp(x) - 1.0f);
}

// The activation's derivative, from its value.
CK_INLINE float ck_activation_slope(float y, float elu_alpha) {
  return y >= 0.0f || elu_alpha == 0.0f ? 1.0f : y + elu_alpha;
}

#endif
