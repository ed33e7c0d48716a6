// The hot loops of Caravan. All matrices are dense, row-major float32; sizes are 64-bit element counts.
//
// What every kernel keeps (docs/numerics.md): its bits depend on its arguments alone. Sums run in a fixed
// order, elementwise loops do the same operations in the vector body and in the remainder, and oneDNN is
// called on one thread, so that a thread count never changes a result. Variants for AVX-512, AVX2 and plain
// x86-64 are chosen at run time, one level for the whole process. Those of AVX-512 and AVX2 have the same bits; plain
// ones may differ in the last one, for they do not fuse multiply and add. oneDNN's products differ between all three: a
// process that is pinned to portable takes products of ours instead, which have the same bits on AVX-512 and AVX2.
//
// Not here: ranks, threads, models as a whole. What some papers have as one formula is one kernel all the same: a GRU's and
// a gated graph's cell, the losses of sampled candidates. No kernel allocates but ck_matmul_plan_create.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stdbool.h>
#include <stdint.h>

// ---- instruction_set.c ----------------------------------------------------------------------------------

/// Levels of instructions, each with those of the ones before. Plain is what every x86-64 CPU has, or another CPU.
/// AVX2 comes with FMA (x86-64-v3), AVX-512 is F, BW, CD, DQ and VL (x86-64-v4).
typedef enum { CK_PLAIN = 1, CK_AVX2, CK_AVX512, CK_AVX512_BF16 } ck_isa;

/// The highest level that this CPU, and the operating system, have.
ck_isa ck_cpu_isa(void);

typedef enum { CK_PINNED, CK_CPU_LACKS_ISA, CK_ISA_IN_USE } ck_pin_status;

/// Pins products and kernels to a level, whatever DNNL_MAX_CPU_ISA says: to call at the start of a process.
/// CK_ISA_IN_USE is another level that something was computed at, or told about, before.
ck_pin_status ck_pin_instruction_set(ck_isa level);

/// Pins the process to what is the same on every CPU with AVX2 or more: products are ck_portable_matmul's, without
/// oneDNN, and kernels take the highest level that CPU and DNNL_MAX_CPU_ISA allow, of CK_AVX2 and CK_AVX512. To call
/// at the start of a process.
ck_pin_status ck_pin_portable(void);
/// Whether it is.
bool ck_is_portable(void);

/// The level in use: the pinned one, or the highest that CPU, oneDNN and its variable DNNL_MAX_CPU_ISA allow. This
/// call chooses it for good, as do the two below, products and kernels.
ck_isa ck_isa_in_use(void);

/// The same as oneDNN calls it ("avx512_core_bf16" …), which is finer, or "portable"; static storage.
const char *ck_instruction_set(void);

/// Whether the level in use has products of bfloat16 numbers (AVX512_BF16, AMX).
bool ck_has_bf16(void);

// ---- matmul.c -------------------------------------------------------------------------------------------

/// oneDNN's version, "2.6.3", into `text`, which has room for `capacity` characters.
void ck_onednn_version(char *text, int capacity);

/// c[m,n] = op(a)·op(b) + (accumulate ? c : 0), where op transposes if told so:
/// a is [m,k] or, transposed, stored [k,m]; b is [k,n] or, transposed, stored [n,k]. c must not alias a or b.
/// Returns 0, or oneDNN's status. Through dnnl_sgemm: no set-up cost a shape, for products of varying sizes. In a
/// portable process each element of c is one chain of fused multiply-adds from 0, or from c, over k in rising order.
int ck_matmul(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k,
              const float *a, const float *b, bool accumulate, float *c);

/// The same product with its shape fixed: slow to create (it generates code), fast to run. a and b are float, or
/// bfloat16 if `from_bf16`; c is float. One plan is for one thread at a time.
typedef struct ck_matmul_plan ck_matmul_plan;
/// NULL where oneDNN refuses, and for bfloat16 in a portable process.
ck_matmul_plan *ck_matmul_plan_create(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k,
                                      bool accumulate, bool from_bf16);
int ck_matmul_plan_run(ck_matmul_plan *plan, const void *a, const void *b, float *c);
void ck_matmul_plan_destroy(ck_matmul_plan *plan);

// ---- bfloat16.c -----------------------------------------------------------------------------------------

/// y = x, rounded to bfloat16: to the nearest, of two to the even one. x has no NaN.
void ck_to_bf16(int64_t count, const float *x, uint16_t *y);

// ---- elementwise.c --------------------------------------------------------------------------------------

/// y[i] += x[i]
void ck_add(int64_t count, const float *x, float *y);
/// y[r,:] += x[:], for every row.
void ck_add_row(int64_t rows, int64_t columns, const float *x, float *y);
/// y[:] += the sum of x's rows, from the first to the last.
void ck_sum_rows(int64_t rows, int64_t columns, const float *x, float *y);

/// x[r,:] *= factor[r]
void ck_scale_rows(int64_t rows, int64_t columns, const float *factor, float *x);

/// y[c,r] = x[r,c]
void ck_transpose(int64_t rows, int64_t columns, const float *x, float *y);

// ---- embedding.c ----------------------------------------------------------------------------------------

/// out[r,:] = table[index[r],:]
void ck_gather_rows(int64_t rows, int64_t columns, const float *table, const int32_t *index, float *out);
/// table[index[r],:] += x[r,:], from the first row to the last.
void ck_scatter_add_rows(int64_t rows, int64_t columns, const float *x, const int32_t *index, float *table);

/// Asks for a row that is about to be changed, so that it is in the cache by then.
void ck_prefetch_row(int64_t columns, const float *row);

// ---- dropout.c ------------------------------------------------------------------------------------------

/// y = x / (1 - rate) where kept, 0 where dropped. The element in column c of a row is kept by a number drawn
/// by Philox at (time[r] · ⌈columns/4⌉ + c/4, session[r], step, site) under `key`, word c % 4: by where the
/// element is in the global batch, never by who computes it. Run on a gradient it is its own backward pass.
void ck_dropout(int64_t rows, int64_t columns, const float *x, float rate, uint64_t key, uint32_t step,
                uint32_t site, const int32_t *session, const int32_t *time, float *y);

// ---- gru_cell.c -----------------------------------------------------------------------------------------

/// One time step of a GRU without bias (PyTorch's gate order r, z, n), for `rows` sessions.
/// from_input and from_hidden [rows, 3·width] are x·Wᵢᵀ and h·Wₕᵀ; the first is overwritten by the gates.
/// hidden_candidate [rows, width] keeps the third block of from_hidden for the way back.
void ck_gru_cell(int64_t rows, int64_t width, float *from_input, const float *from_hidden,
                 const float *previous, float *hidden_candidate, float *next);
/// Backward: from d(next) to d(previous) (without what passes through Wₕ), and to the gradients of the two
/// products, both [rows, 3·width]. d_from_input may be the buffer of the gates.
void ck_gru_cell_backward(int64_t rows, int64_t width, const float *gates, const float *hidden_candidate,
                          const float *previous, const float *d_next, float *d_from_input,
                          float *d_from_hidden, float *d_previous);

// ---- columns.c ------------------------------------------------------------------------------------------

/// y[i] = a[i] · b[i]
void ck_multiply(int64_t count, const float *a, const float *b, float *y);
/// y[r, 0..<columns] = x[r, 0..<columns], where rows lie x_stride and y_stride floats apart.
void ck_copy_columns(int64_t rows, int64_t columns, const float *x, int64_t x_stride, float *y,
                     int64_t y_stride);

// ---- activation.c ---------------------------------------------------------------------------------------

/// gelu is x·Φ(x) with the error function, not its tanh approximation; swish is x·σ(x).
typedef enum { CK_TANH, CK_SIGMOID, CK_RELU, CK_SWISH, CK_GELU } ck_activation;
/// y = f(x)
void ck_activate(ck_activation kind, int64_t count, const float *x, float *y);
/// dx = dy · f'(x), with y = f(x).
void ck_activate_backward(ck_activation kind, int64_t count, const float *x, const float *y, const float *dy,
                          float *dx);

// ---- segment_pooling.c ----------------------------------------------------------------------------------

/// The rows of segment s are first[s] ..< end[s], at least one; segments may overlap. Sums run from the first row,
/// and the first segment, to the last. share has a number for each row of each segment, segment after segment.

/// mean[s,:] = the mean of the segment's rows.
void ck_segment_mean(int64_t segments, int64_t width, const int32_t *first, const int32_t *end, const float *x,
                     float *mean);
/// Adds to dx.
void ck_segment_mean_backward(int64_t segments, int64_t width, const int32_t *first, const int32_t *end,
                              const float *d_mean, float *dx);

/// share[s,r] = σ(keys[r,:] + queries[s,:]) · weight, pooled[s,:] = Σ share[s,r] · values[r,:].
/// keys [rows, width]; queries [segments, width]; weight [width]; values [rows, value_width].
void ck_additive_attention(int64_t segments, int64_t width, int64_t value_width, const int32_t *first,
                           const int32_t *end, const float *keys, const float *queries, const float *weight,
                           const float *values, float *share, float *pooled);
/// Writes d_queries, adds to the others.
void ck_additive_attention_backward(int64_t segments, int64_t width, int64_t value_width, const int32_t *first,
                                    const int32_t *end, const float *keys, const float *queries,
                                    const float *weight, const float *values, const float *share,
                                    const float *d_pooled, float *d_keys, float *d_queries, float *d_weight,
                                    float *d_values);

/// share[s,:] = the softmax of a segment's scores, pooled[s,:] = Σ share[s,r] · values[r,:].
void ck_softmax_pooling(int64_t segments, int64_t width, const int32_t *first, const int32_t *end,
                        const float *scores, const float *values, float *share, float *pooled);
/// Adds to d_scores and d_values. scratch: as many floats as the longest segment has rows.
void ck_softmax_pooling_backward(int64_t segments, int64_t width, const int32_t *first, const int32_t *end,
                                 const float *values, const float *share, const float *d_pooled,
                                 float *scratch, float *d_scores, float *d_values);

// ---- session_graph.c ------------------------------------------------------------------------------------

/// mean[n,:] = bias + the mean of x's rows neighbours[offsets[n] ..< offsets[n + 1]]; bias alone where none.
void ck_neighbour_mean(int64_t nodes, int64_t width, const int32_t *offsets, const int32_t *neighbours,
                       const float *x, const float *bias, float *mean);
/// Adds to dx.
void ck_neighbour_mean_backward(int64_t nodes, int64_t width, const int32_t *offsets,
                                const int32_t *neighbours, const float *d_mean, float *dx);

/// SR-GNN's gated cell, gates r, i, n: after = (1 - i)·before + i·n, so that i lets in what a GRU's z keeps out.
/// from_input [rows, 3·width] is overwritten by the gates; from_hidden is kept for the way back.
void ck_gated_node(int64_t rows, int64_t width, float *from_input, const float *from_hidden,
                   const float *before, float *after);
void ck_gated_node_backward(int64_t rows, int64_t width, const float *gates, const float *from_hidden,
                            const float *before, const float *d_after, float *d_from_input,
                            float *d_from_hidden, float *d_before);

// ---- layer_norm.c ---------------------------------------------------------------------------------------

/// y = standard · gain + bias, where standard is a + b with each row's mean taken off, times inverse_deviation:
/// 1 / √(the row's variance + epsilon). gain and bias [width], inverse_deviation [rows]. b may be NULL, and so may
/// bias, and d_bias then too.
void ck_layer_norm(int64_t rows, int64_t width, const float *a, const float *b, const float *gain,
                   const float *bias, float epsilon, float *standard, float *inverse_deviation, float *y);
/// Adds to d_gain and d_bias; writes d_sum, the gradient of a and of b.
void ck_layer_norm_backward(int64_t rows, int64_t width, const float *gain, const float *standard,
                            const float *inverse_deviation, const float *dy, float *d_gain, float *d_bias,
                            float *d_sum);

// ---- causal_attention.c ---------------------------------------------------------------------------------

/// Scaled dot-product attention inside each session, where a click sees itself and those before it. queries,
/// keys, values and mixed are [rows, heads · head_width]. probabilities holds, for each session, head and query,
/// the query's place + 1 numbers; kept is laid out alike and is multiplied onto them, or NULL.
void ck_causal_attention(int64_t sessions, int64_t heads, int64_t head_width, const int32_t *offsets,
                         const float *queries, const float *keys, const float *values, const float *kept,
                         float *probabilities, float *mixed);
/// Adds to d_queries, d_keys and d_values. scratch: as many floats as the longest session has clicks.
void ck_causal_attention_backward(int64_t sessions, int64_t heads, int64_t head_width, const int32_t *offsets,
                                  const float *queries, const float *keys, const float *values,
                                  const float *kept, const float *probabilities, const float *d_mixed,
                                  float *scratch, float *d_queries, float *d_keys, float *d_values);
/// kept = 1 / (1 - rate) or 0, laid out as the probabilities: key j of a query is kept by the number that Philox
/// draws at (query · 2¹⁶ + j/4, position[session], step, first_site + head) under `key`, word j % 4. For
/// sessions of fewer than 2¹⁶ clicks.
void ck_causal_dropout(int64_t sessions, int64_t heads, const int32_t *offsets, float rate, uint64_t key,
                       uint32_t step, uint32_t first_site, const int32_t *position, float *kept);

// ---- cosine_rows.c --------------------------------------------------------------------------------------

/// y = x with every row scaled to `length`; rows shorter than 1e-12 are divided by that, as PyTorch's normalize
/// does. inverse_length [rows] is for the way back. y may be x.
void ck_normalise_rows(int64_t rows, int64_t width, const float *x, float length, float *inverse_length,
                       float *y);
/// dx may be dy.
void ck_normalise_rows_backward(int64_t rows, int64_t width, const float *y, float length,
                                const float *inverse_length, const float *dy, float *dx);
/// ck_dropout for rows of a table, with the row's number in place of the session's and time 0. y may be x.
void ck_dropout_table_rows(int64_t rows, int64_t width, const float *x, float rate, uint64_t key,
                           uint32_t step, uint32_t site, uint32_t first_row, float *y);

// ---- catalogue_head.c -----------------------------------------------------------------------------------

/// A tile of logits is stored [items, sessions]: sessions lie side by side in a vector.
/// Folds a tile into each session's reference and sum of 2^(logit · log₂e - reference). Before the first tile
/// the reference is -infinity, and the sum 0. `sessions` is a multiple of 16.
void ck_softmax_fold(int64_t items, int64_t sessions, const float *logits, float *reference, double *sum);
/// The same, and leaves the terms in place of the logits, or in `rounded` as bfloat16 where that is not NULL. Returns
/// false where references were moved, by factors of 2^64 and more: nothing was added then, the logits are lost, and what
/// was gathered of the terms before is to be multiplied with `factor`. For a second call with the logits, may_move is
/// false. factor and terms [sessions] are for the kernel's use otherwise.
bool ck_softmax_weights(int64_t items, int64_t sessions, float *logits, uint16_t *rounded, float *reference,
                        double *sum, bool may_move, float *factor, float *terms);
/// logits[i,s] = 2^(logits[i,s] · log₂e - log2_normaliser[s]) · scale[s], in place. `sessions` is a multiple of 16.
void ck_softmax_gradient(int64_t items, int64_t sessions, const float *log2_normaliser, const float *scale,
                         float *logits);
/// The same into bfloat16.
void ck_softmax_gradient_bf16(int64_t items, int64_t sessions, const float *log2_normaliser,
                              const float *scale, const float *logits, uint16_t *gradient);
/// For each session, adds to `above` how many of the tile's items come before its target in the ranking: a
/// higher logit, or an equal one and a lower row. `allowed[s]` selects candidates: an item counts where
/// (mask[item] & allowed[s]) != 0. first_row is the table row of the tile's first item. Target logits are finite, and
/// `sessions` is a multiple of 16.
void ck_count_above(int64_t items, int64_t sessions, const float *logits, int64_t first_row,
                    const uint8_t *mask, const int32_t *allowed, const float *target_logit,
                    const int32_t *target_row, int32_t *above);
/// Lists the candidates whose logit is above their session's threshold, as places (item · sessions + session)
/// of the tile, in rising order; `places` has room for all of the tile. Returns how many there are. `mask` and
/// `allowed` as in ck_count_above.
int64_t ck_collect_above(int64_t items, int64_t sessions, const float *logits, const uint8_t *mask,
                         const int32_t *allowed, const float *threshold, int32_t *places);

// ---- sampled_loss.c -------------------------------------------------------------------------------------

enum ck_sampled_loss_kind { ck_loss_cross_entropy, ck_loss_bpr_max, ck_loss_top1_max };

/// Losses over sampled candidates (Hidasi and Karatzoglou, CIKM 2018). logits is [sessions, columns]; session s's
/// target is column positives[s], all other columns are its negatives. Turns logits into scale · their gradients, in
/// place.
/// correction [columns] is taken off the activated scores, NULL for none. elu_alpha is 0 for no activation.
/// scratch has 2 · columns floats. losses [sessions] are not scaled.
void ck_sampled_loss(enum ck_sampled_loss_kind kind, int64_t sessions, int64_t columns, const int32_t *positives,
                     const float *correction, float elu_alpha, float regularisation, float scale,
                     float *logits, float *scratch, double *losses);

// ---- binary_loss.c --------------------------------------------------------------------------------------

/// Binary cross-entropy of session s's target, column positives[s], and of the columns c with negative[c] = 1, which
/// all sessions share; columns with 0 are targets alone. The target counts for positive_weight, and the sum is divided
/// by the negatives and 1: (positive_weight · log(1 + exp(-target)) + Σ log(1 + exp(negative))) / (negatives + 1).
/// logits [sessions, columns] become scale · their gradients, in place. elu_alpha as above. losses [sessions] are not
/// scaled.
void ck_binary_loss(int64_t sessions, int64_t columns, const int32_t *positives, const float *negative,
                    float positive_weight, float elu_alpha, float scale, float *logits, double *losses);

// ---- optimizers.c ---------------------------------------------------------------------------------------

/// One step of Adam as torch.optim.Adam does it: weight_decay · weight is added to the gradient, which is first
/// multiplied by gradient_scale. AdamW's decay is `kept` = 1 - rate · decay instead, 1 for none.
/// rate_over_correction = rate / (1 - β₁ᵗ), root_correction = √(1 - β₂ᵗ).
void ck_adam(int64_t count, const float *gradient, float gradient_scale, float rate_over_correction,
             float root_correction, float beta1, float beta2, float epsilon, float weight_decay, float kept,
             float *weight, float *first_moment, float *second_moment);

/// One step of Adagrad with momentum: sum += g², velocity = momentum · velocity - rate · g / √(sum + epsilon),
/// weight += velocity.
void ck_adagrad(int64_t count, const float *gradient, float gradient_scale, float rate, float momentum,
                float epsilon, float weight_decay, float *weight, float *sum, float *velocity);

/// sums[r] = the sum of the squares of row r, from the first column to the last.
void ck_sum_squares(int64_t rows, int64_t columns, const float *x, double *sums);

#endif
