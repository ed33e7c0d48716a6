#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "CKernels.h"
#include "portable_matmul.h"

// One engine for all threads, for a primitive runs on streams of its own engine alone; a stream for each thread.
// oneDNN's own threads are switched off: it would otherwise split a product by their number, and stripes and lanes
// are what Caravan computes side by side. The call is looked up by name since oneDNN may be built on another
// threading library than OpenMP, and made for every thread, as OpenMP has it.
static dnnl_engine_t engine;
static dnnl_status_t engine_status;
static pthread_once_t engine_once = PTHREAD_ONCE_INIT;
static _Thread_local dnnl_stream_t stream;
// Gives a thread's stream back when the thread ends.
static pthread_key_t stream_owner;

static void destroy_stream(void *ended) { dnnl_stream_destroy(ended); }

static void create_engine(void) {
  engine_status = dnnl_engine_create(&engine, dnnl_cpu, 0);
  if (pthread_key_create(&stream_owner, destroy_stream)) engine_status = dnnl_out_of_memory;
}

static dnnl_status_t start(void) {
  if (stream) return dnnl_success;
  void (*set_threads)(int) = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (set_threads) set_threads(1);
  pthread_once(&engine_once, create_engine);
  dnnl_status_t status = engine_status;
  if (status == dnnl_success) status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags);
  if (status == dnnl_success) pthread_setspecific(stream_owner, stream);
  return status;
}

void ck_onednn_version(char *text, int capacity) {
  const dnnl_version_t *version = dnnl_version();
  snprintf(text, (size_t)capacity, "%d.%d.%d", version->major, version->minor, version->patch);
}

int ck_matmul(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k,
              const float *a, const float *b, bool accumulate, float *c) {
  if (ck_is_portable()) {
    ck_portable_matmul(transpose_a, transpose_b, m, n, k, a, b, accumulate, c);
    return 0;
  }
  dnnl_status_t status = start();
  if (status != dnnl_success) return status;
  return dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k, 1.0f, a, transpose_a ? m : k,
                    b, transpose_b ? k : n, accumulate ? 1.0f : 0.0f, c, n);
}

struct ck_matmul_plan {
  // NULL where the process is portable: the shape is then all that there is.
  dnnl_primitive_t primitive;
  dnnl_memory_t a, b, c;
  bool transpose_a, transpose_b, accumulate;
  int64_t m, n, k;
};

static dnnl_status_t describe(dnnl_memory_desc_t *memory, int64_t rows, int64_t columns, bool transposed,
                              dnnl_data_type_t type) {
  dnnl_dims_t sizes = {rows, columns}, strides = {transposed ? 1 : columns, transposed ? rows : 1};
  return dnnl_memory_desc_init_by_strides(memory, 2, sizes, type, strides);
}

static dnnl_status_t create_primitive(dnnl_primitive_t *primitive, const dnnl_memory_desc_t *a,
                                      const dnnl_memory_desc_t *b, const dnnl_memory_desc_t *c,
                                      bool accumulate) {
  dnnl_matmul_desc_t description;
  dnnl_post_ops_t after = NULL;
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_primitive_desc_t primitive_description = NULL;
  dnnl_status_t status = dnnl_matmul_desc_init(&description, a, b, NULL, c);
  if (status == dnnl_success) status = dnnl_primitive_attr_create(&attributes);
  if (status == dnnl_success && accumulate) {
    status = dnnl_post_ops_create(&after);
    if (status == dnnl_success) status = dnnl_post_ops_append_sum(after, 1.0f);
    if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attributes, after);
  }
  if (status == dnnl_success)
    status = dnnl_primitive_desc_create(&primitive_description, &description, attributes, engine, NULL);
  if (status == dnnl_success) status = dnnl_primitive_create(primitive, primitive_description);
  dnnl_post_ops_destroy(after);
  dnnl_primitive_attr_destroy(attributes);
  dnnl_primitive_desc_destroy(primitive_description);
  return status;
}

ck_matmul_plan *ck_matmul_plan_create(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k,
                                      bool accumulate, bool from_bf16) {
  const dnnl_data_type_t type = from_bf16 ? dnnl_bf16 : dnnl_f32;
  if (from_bf16 && ck_is_portable()) return NULL;
  ck_matmul_plan *plan = calloc(1, sizeof *plan);
  if (plan && ck_is_portable()) {
    *plan = (ck_matmul_plan){.transpose_a = transpose_a, .transpose_b = transpose_b, .accumulate = accumulate,
                             .m = m, .n = n, .k = k};
    return plan;
  }
  dnnl_memory_desc_t a, b, c;
  if (plan && start() == dnnl_success && describe(&a, m, k, transpose_a, type) == dnnl_success &&
      describe(&b, k, n, transpose_b, type) == dnnl_success && describe(&c, m, n, false, dnnl_f32) == dnnl_success &&
      create_primitive(&plan->primitive, &a, &b, &c, accumulate) == dnnl_success &&
      dnnl_memory_create(&plan->a, &a, engine, DNNL_MEMORY_NONE) == dnnl_success &&
      dnnl_memory_create(&plan->b, &b, engine, DNNL_MEMORY_NONE) == dnnl_success &&
      dnnl_memory_create(&plan->c, &c, engine, DNNL_MEMORY_NONE) == dnnl_success)
    return plan;
  ck_matmul_plan_destroy(plan);
  return NULL;
}

int ck_matmul_plan_run(ck_matmul_plan *plan, const void *a, const void *b, float *c) {
  if (!plan->primitive) {
    ck_portable_matmul(plan->transpose_a, plan->transpose_b, plan->m, plan->n, plan->k, a, b, plan->accumulate, c);
    return 0;
  }
  // The thread may be another one than created the plan.
  dnnl_status_t status = start();
  if (status == dnnl_success) status = dnnl_memory_set_data_handle(plan->a, (void *)a);
  if (status == dnnl_success) status = dnnl_memory_set_data_handle(plan->b, (void *)b);
  if (status == dnnl_success) status = dnnl_memory_set_data_handle(plan->c, c);
  if (status != dnnl_success) return status;
  const dnnl_exec_arg_t arguments[] = {
      {DNNL_ARG_SRC, plan->a}, {DNNL_ARG_WEIGHTS, plan->b}, {DNNL_ARG_DST, plan->c}};
  return dnnl_primitive_execute(plan->primitive, stream, 3, arguments);
}

void ck_matmul_plan_destroy(ck_matmul_plan *plan) {
  if (!plan) return;
  dnnl_primitive_destroy(plan->primitive);
  dnnl_memory_destroy(plan->a);
  dnnl_memory_destroy(plan->b);
  dnnl_memory_destroy(plan->c);
  free(plan);
}
