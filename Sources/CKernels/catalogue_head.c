#include "CKernels.h"
#include "bfloat16.h"
#include "head_bf16.h"
#include "lanes16.h"
#include "variants.h"

static const float log2_e = 1.44269504f;

// A session's reference is moved when a logit would make its term larger than 2 to this power.
static const float largest_power = 64;

// Σ 2^(logit · log₂e - reference) over a column of sixteen sessions, and the largest exponent: where that is above
// `largest_power` the sum has no meaning.
CK_INLINE void sum_powers(int64_t items, int64_t sessions, const float *logits, const ck_f32x16 *reference,
                          ck_f32x16 *sum, ck_f32x16 *largest) {
  ck_f32x16 total = {}, top = (ck_f32x16){} - largest_power;
  for (int64_t i = 0; i < items; i++) {
    ck_f32x16 power = CK_AT16(logits + i * sessions) * log2_e - *reference, term;
    top = __builtin_elementwise_max(top, power);
    ck_exp2_16(&power, &term);
    total += term;
  }
  *sum = total;
  *largest = top;
}

// The reference that sixteen sessions start with: the largest exponent of their first tile.
CK_INLINE void first_reference(int64_t items, int64_t sessions, const float *logits, ck_f32x16 *reference) {
  ck_f32x16 base = CK_AT16(logits);
  for (int64_t i = 1; i < items; i++) base = __builtin_elementwise_max(base, CK_AT16(logits + i * sessions));
  *reference = base * log2_e;
}

CK_KERNEL(void, ck_softmax_fold,
          (int64_t items, int64_t sessions, const float *logits, float *reference, double *sum),
          (items, sessions, logits, reference, sum)) {
  for (int64_t s = 0; s < sessions; s += 16) {
    ck_f32x16 base = CK_AT16(reference + s), terms, largest, raise = {};
    if (base[0] == -__builtin_inff()) first_reference(items, sessions, logits + s, &base);
    sum_powers(items, sessions, logits + s, &base, &terms, &largest);
    bool is_raised = false;
    for (int j = 0; j < 16; j++)
      if (largest[j] > largest_power) {
        raise[j] = largest[j];
        is_raised = true;
      }
    if (is_raised) {
      base += raise;
      sum_powers(items, sessions, logits + s, &base, &terms, &largest);
      for (int j = 0; j < 16; j++) sum[s + j] *= __builtin_exp2(-(double)raise[j]);
    }
    CK_AT16(reference + s) = base;
    // A tile's few hundred terms are summed in float, the hundreds of tiles in double.
    for (int j = 0; j < 16; j++) sum[s + j] += (double)terms[j];
  }
}

// As sum_powers, and keeps the powers: as floats in place of the logits, or rounded. Where they are bounded, an exponent
// above the reference by more than a float's rounding could only be that of logits near 10^10 and beyond.
CK_INLINE void keep_powers(int64_t items, int64_t sessions, float *logits, uint16_t *rounded, bool is_bounded,
                           const ck_f32x16 *reference, ck_f32x16 *sum, ck_f32x16 *largest) {
  ck_f32x16 total = {}, top = (ck_f32x16){} - largest_power;
  for (int64_t i = 0; i < items; i++) {
    ck_f32x16 power = CK_AT16(logits + i * sessions) * log2_e - *reference, term;
    if (is_bounded)
      power = __builtin_elementwise_min(power, (ck_f32x16){} + largest_power);
    else
      top = __builtin_elementwise_max(top, power);
    ck_exp2_16(&power, &term);
    total += term;
    if (rounded)
      ck_store_bf16(&term, rounded + i * sessions);
    else
      CK_AT16(logits + i * sessions) = term;
  }
  *sum = total;
  *largest = top;
}

CK_KERNEL(bool, ck_softmax_weights,
          (int64_t items, int64_t sessions, float *logits, uint16_t *rounded, float *reference, double *sum,
           bool may_move, float *factor, float *terms),
          (items, sessions, logits, rounded, reference, sum, may_move, factor, terms)) {
  const bool has_bf16 = rounded && ck_isa_of_kernels() == CK_AVX512_BF16;
  for (int64_t s = 0; s < sessions; s += 16) {
    ck_f32x16 base = CK_AT16(reference + s), total, largest;
    if (base[0] == -__builtin_inff()) {
      first_reference(items, sessions, logits + s, &base);
      CK_AT16(reference + s) = base;
    }
    if (has_bf16) continue;
    keep_powers(items, sessions, logits + s, rounded ? rounded + s : NULL, !may_move, &base, &total, &largest);
    CK_AT16(terms + s) = total;
    CK_AT16(factor + s) = largest;
  }
  if (has_bf16)
    for (int64_t s = 0, columns; s < sessions; s += columns) {
      columns = s + 32 <= sessions ? 32 : 16;
      ck_keep_powers_bf16(items, sessions, columns, logits + s, rounded + s, reference + s, -largest_power,
                          may_move ? 127 : largest_power, terms + s, factor + s);
    }
  bool is_raised = false;
  if (may_move)
    for (int64_t s = 0; s < sessions; s++) is_raised |= factor[s] > largest_power;
  if (!is_raised) {
    // A tile's few hundred terms are summed in float, the hundreds of tiles in double.
    for (int64_t s = 0; s < sessions; s++) sum[s] += (double)terms[s];
    return true;
  }
  for (int64_t s = 0; s < sessions; s++) {
    const float raise = factor[s] > largest_power ? factor[s] : 0.0f;
    const double down = __builtin_exp2(-(double)raise);
    reference[s] += raise;
    sum[s] *= down;
    factor[s] = (float)down;
  }
  return false;
}

// scale · 2^(logit · log₂e - log2_normaliser) of sixteen sessions.
CK_INLINE void scaled_probability(const float *logit, const float *log2_normaliser, const float *scale,
                                  ck_f32x16 *p) {
  const ck_f32x16 power = CK_AT16(logit) * log2_e - CK_AT16(log2_normaliser);
  ck_exp2_16(&power, p);
  *p *= CK_AT16(scale);
}

CK_KERNEL(void, ck_softmax_gradient,
          (int64_t items, int64_t sessions, const float *log2_normaliser, const float *scale, float *logits),
          (items, sessions, log2_normaliser, scale, logits)) {
  for (int64_t i = 0; i < items; i++)
    for (int64_t s = 0; s < sessions; s += 16) {
      ck_f32x16 p;
      scaled_probability(logits + i * sessions + s, log2_normaliser + s, scale + s, &p);
      CK_AT16(logits + i * sessions + s) = p;
    }
}

CK_KERNEL(void, ck_softmax_gradient_bf16,
          (int64_t items, int64_t sessions, const float *log2_normaliser, const float *scale, const float *logits,
           uint16_t *gradient),
          (items, sessions, log2_normaliser, scale, logits, gradient)) {
  if (ck_isa_of_kernels() == CK_AVX512_BF16)
    return ck_probabilities_bf16(items, sessions, log2_normaliser, scale, logits, gradient);
  for (int64_t i = 0; i < items; i++)
    for (int64_t s = 0; s < sessions; s += 16) {
      ck_f32x16 p;
      scaled_probability(logits + i * sessions + s, log2_normaliser + s, scale + s, &p);
      ck_store_bf16(&p, gradient + i * sessions + s);
    }
}

// What a logit must exceed to be before its session's target, for sixteen sessions: the target's logit or, where all of
// the tile's rows are above the target's, the next smaller number.
CK_INLINE void count_thresholds(const float *target_logit, const int32_t *target_row, int64_t end, ck_f32x16 *least) {
  const ck_i32x16 bits = *(const ck_i32x16_anywhere *)target_logit;
  const ck_i32x16 is_zero = (bits << 1) == 0, is_later = *(const ck_i32x16_anywhere *)target_row >= (int32_t)end;
  const ck_i32x16 smaller = (is_zero & (int32_t)0x80000001) | (~is_zero & (bits + 1 - ((bits > 0) & 2)));
  *least = (ck_f32x16)((is_later & smaller) | (~is_later & bits));
}

// Candidates in the first `items` rows of a tile whose logit is the target's own.
CK_INLINE int32_t count_equal(int64_t items, int64_t sessions, const float *logits, const uint8_t *mask,
                              int32_t allowed, float target_logit) {
  int32_t equal = 0;
  for (int64_t i = 0; i < items; i++)
    equal += (logits[i * sessions] == target_logit) & ((mask[i] & allowed) != 0);
  return equal;
}

CK_KERNEL(void, ck_count_above,
          (int64_t items, int64_t sessions, const float *logits, int64_t first_row, const uint8_t *mask,
           const int32_t *allowed, const float *target_logit, const int32_t *target_row, int32_t *above),
          (items, sessions, logits, first_row, mask, allowed, target_logit, target_row, above)) {
  // Some rows at a time, so that what belongs to sixteen sessions is loaded once for them.
  enum { ROWS = 16 };
  for (int64_t start = 0; start < items; start += ROWS) {
    const int64_t end = start + ROWS < items ? start + ROWS : items;
    for (int64_t s = 0; s < sessions; s += 16) {
      ck_f32x16 least;
      count_thresholds(target_logit + s, target_row + s, first_row + items, &least);
      const ck_i32x16 own = *(const ck_i32x16_anywhere *)(allowed + s);
      ck_i32x16 count = *(ck_i32x16_anywhere *)(above + s);
      for (int64_t i = start; i < end; i++)
        count -= (CK_AT16(logits + i * sessions + s) > least) & ((own & (int32_t)mask[i]) != 0);
      *(ck_i32x16_anywhere *)(above + s) = count;
    }
  }
  // Of the sessions whose target is in this tile the rows above it were not told from those below.
  for (int64_t s = 0; s < sessions; s++) {
    const int64_t before = target_row[s] - first_row;
    if (before > 0 && before < items)
      above[s] += count_equal(before, sessions, logits + s, mask, allowed[s], target_logit[s]);
  }
}

CK_KERNEL(int64_t, ck_collect_above,
          (int64_t items, int64_t sessions, const float *logits, const uint8_t *mask, const int32_t *allowed,
           const float *threshold, int32_t *places),
          (items, sessions, logits, mask, allowed, threshold, places)) {
  // Few places are above once a session has seen its best items: whole groups of sessions are skipped.
  enum { GROUP = 32 };
  int64_t count = 0;
  for (int64_t i = 0; i < items; i++) {
    int32_t member = mask[i];
    const float *row = logits + i * sessions;
    for (int64_t start = 0; start < sessions; start += GROUP) {
      int64_t end = start + GROUP;
      if (end <= sessions) {
        int32_t any = 0;
        for (int64_t s = start; s < start + GROUP; s++)
          any |= (row[s] > threshold[s]) & ((member & allowed[s]) != 0);
        if (!any) continue;
      } else {
        end = sessions;
      }
      for (int64_t s = start; s < end; s++)
        if (row[s] > threshold[s] && (member & allowed[s]) != 0) places[count++] = (int32_t)(i * sessions + s);
    }
  }
  return count;
}
