// Matrix products whose bits depend on no instruction set, for processes that are pinned to portable.
#ifndef CK_PORTABLE_MATMUL_H
#define CK_PORTABLE_MATMUL_H

#include <stdbool.h>
#include <stdint.h>

/// As ck_matmul. Each element of c is one chain of fused multiply-adds, from 0 or, where it accumulates, from c, over
/// k in rising order: so its bits depend on its row of op(a) and its column of op(b) alone.
void ck_portable_matmul(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float *a,
                        const float *b, bool accumulate, float *c);

#endif
