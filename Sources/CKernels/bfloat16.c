#include "bfloat16.h"

#include "CKernels.h"
#include "variants.h"

CK_KERNEL(void, ck_to_bf16, (int64_t count, const float *x, uint16_t *y), (count, x, y)) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const ck_f32x16 value = CK_AT16(x + i);
    ck_store_bf16(&value, y + i);
  }
  for (; i < count; i++) y[i] = ck_bf16(x[i]);
}
