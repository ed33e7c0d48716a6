// The catalogue head's exponentials where results are rounded to bfloat16 anyway, with the instructions that CPUs with
// AVX512_BF16 have for it. Only for a level in use of CK_AVX512_BF16.
#ifndef CK_HEAD_BF16_H
#define CK_HEAD_BF16_H

#include <stdbool.h>
#include <stdint.h>

/// For `columns` sessions, 16 or 32, side by side in rows that lie `sessions` apart: rounded = 2^(logit · log₂e -
/// reference), its unrounded sum, and the largest exponent, at least `floor`. Exponents are cut at `ceiling`.
void ck_keep_powers_bf16(int64_t items, int64_t sessions, int64_t columns, const float *logits, uint16_t *rounded,
                         const float *reference, float floor, float ceiling, float *sum, float *largest);

/// gradient = scale · 2^(logit · log₂e - log2_normaliser); `sessions` is a multiple of 16.
void ck_probabilities_bf16(int64_t items, int64_t sessions, const float *log2_normaliser, const float *scale,
                           const float *logits, uint16_t *gradient);

#endif
