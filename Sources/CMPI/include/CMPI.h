/*
 * The MPI calls that Caravan makes, in a shape that Swift can import.
 *
 * Open MPI's constants are casts of library addresses, which Swift cannot see, and its handles all arrive as
 * the same opaque pointer, so that mixing up two of them would compile. Here every handle is a struct of its
 * own with one field, and every constant is a function.
 *
 * Each function that can fail returns MPI's status (0 is success) and keeps no state. Counts are elements.
 * There is no receive with a wildcard and no reduction over user-defined operators: Caravan needs neither.
 */
#ifndef CMPI_H
#define CMPI_H

#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct { MPI_Comm raw; } cmpi_comm;
typedef struct { MPI_Datatype raw; } cmpi_type;
typedef struct { MPI_Op raw; } cmpi_op;
typedef struct { MPI_Request raw; } cmpi_request;

enum {
  cmpi_error_text_capacity = MPI_MAX_ERROR_STRING,
  cmpi_library_version_capacity = MPI_MAX_LIBRARY_VERSION_STRING
};

/* Life cycle */

/* Starts MPI for calls from the main thread alone. Errors are returned, not fatal, from here on.
 * *funneled is 0 where the library does not even promise MPI_THREAD_FUNNELED. */
static inline int cmpi_start(int32_t *funneled) {
  int provided = MPI_THREAD_SINGLE;
  int status = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  if (status != MPI_SUCCESS) return status;
  *funneled = provided >= MPI_THREAD_FUNNELED;
  status = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  if (status != MPI_SUCCESS) return status;
  return MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN);
}

/* Whether processes of this program may read one another's memory, as Open MPI's "cma" does between the ranks of a
 * node. A child tries it on this process: seccomp, Yama and files that one may run but not read all forbid it, and
 * Open MPI looks at Yama alone. True where it cannot be tried. */
bool cmpi_can_read_peers(void);

enum { cmpi_largest_core_count = 1024 };

/* The numbers of the cores that this process may run on, in rising order, into room for cmpi_largest_core_count.
 * Returns how many; 0 where the system does not say. */
int32_t cmpi_own_cores(int32_t *cores);

static inline int cmpi_stop(void) { return MPI_Finalize(); }

#ifdef OPEN_MPI
/* What Open MPI's MPI_Abort calls once it has printed seven lines of its own. Weak: a version may come without. */
extern int ompi_mpi_abort(struct ompi_communicator_t *c, int code) __attribute__((weak));
#endif

/* Whether cmpi_abort says nothing by itself. */
static inline int cmpi_aborts_quietly(void) {
#ifdef OPEN_MPI
  return ompi_mpi_abort != 0;
#else
  return 0;
#endif
}

/* Ends all ranks of the job, which then has this exit code; does not return. */
static inline void cmpi_abort(cmpi_comm c, int32_t code) {
#ifdef OPEN_MPI
  if (ompi_mpi_abort) ompi_mpi_abort(c.raw, code);
#endif
  MPI_Abort(c.raw, code);
}

/* The library's name and version, also before it is started. text has room for cmpi_library_version_capacity
 * characters, the final zero included. */
static inline int cmpi_library_version(char *text) {
  int length = 0;
  return MPI_Get_library_version(text, &length);
}

/* text has room for cmpi_error_text_capacity characters, the final zero included. */
static inline int cmpi_error_text(int32_t status, char *text) {
  int length = 0;
  return MPI_Error_string(status, text, &length);
}

/* Communicators */

static inline cmpi_comm cmpi_world(void) { return (cmpi_comm){MPI_COMM_WORLD}; }
static inline int cmpi_is_null(cmpi_comm c) { return c.raw == MPI_COMM_NULL; }
static inline int cmpi_rank(cmpi_comm c, int32_t *rank) { return MPI_Comm_rank(c.raw, rank); }
static inline int cmpi_size(cmpi_comm c, int32_t *size) { return MPI_Comm_size(c.raw, size); }
static inline int cmpi_free(cmpi_comm *c) { return MPI_Comm_free(&c->raw); }

static inline int cmpi_returning_errors(int status, cmpi_comm c) {
  if (status != MPI_SUCCESS || cmpi_is_null(c)) return status;
  return MPI_Comm_set_errhandler(c.raw, MPI_ERRORS_RETURN);
}

static inline int cmpi_duplicate(cmpi_comm c, cmpi_comm *copy) {
  int status = MPI_Comm_dup(c.raw, &copy->raw);
  return cmpi_returning_errors(status, *copy);
}

/* The rank in `whole` of a rank of `part`. */
static inline int cmpi_rank_in(cmpi_comm part, int32_t rank, cmpi_comm whole, int32_t *other) {
  MPI_Group from, to;
  int status = MPI_Comm_group(part.raw, &from);
  if (status != MPI_SUCCESS) return status;
  status = MPI_Comm_group(whole.raw, &to);
  if (status == MPI_SUCCESS) {
    status = MPI_Group_translate_ranks(from, 1, &rank, to, other);
    MPI_Group_free(&to);
  }
  MPI_Group_free(&from);
  return status;
}

/* A negative color stands for no group: *group is then the null communicator. */
static inline int cmpi_split(cmpi_comm c, int32_t color, int32_t key, cmpi_comm *group) {
  int status = MPI_Comm_split(c.raw, color < 0 ? MPI_UNDEFINED : color, key, &group->raw);
  return cmpi_returning_errors(status, *group);
}

/* One group for each set of ranks that share memory. */
static inline int cmpi_split_by_node(cmpi_comm c, int32_t key, cmpi_comm *group) {
  int status = MPI_Comm_split_type(c.raw, MPI_COMM_TYPE_SHARED, key, MPI_INFO_NULL, &group->raw);
  return cmpi_returning_errors(status, *group);
}

/* Element types and operators */

static inline cmpi_type cmpi_uint8(void) { return (cmpi_type){MPI_UINT8_T}; }
static inline cmpi_type cmpi_uint16(void) { return (cmpi_type){MPI_UINT16_T}; }
static inline cmpi_type cmpi_int32(void) { return (cmpi_type){MPI_INT32_T}; }
static inline cmpi_type cmpi_uint32(void) { return (cmpi_type){MPI_UINT32_T}; }
static inline cmpi_type cmpi_int64(void) { return (cmpi_type){MPI_INT64_T}; }
static inline cmpi_type cmpi_uint64(void) { return (cmpi_type){MPI_UINT64_T}; }
static inline cmpi_type cmpi_float(void) { return (cmpi_type){MPI_FLOAT}; }
static inline cmpi_type cmpi_double(void) { return (cmpi_type){MPI_DOUBLE}; }

static inline cmpi_op cmpi_sum(void) { return (cmpi_op){MPI_SUM}; }
static inline cmpi_op cmpi_minimum(void) { return (cmpi_op){MPI_MIN}; }
static inline cmpi_op cmpi_maximum(void) { return (cmpi_op){MPI_MAX}; }

/* Calls are started here and waited for by cmpi_test: a wait inside MPI cannot be left again when a peer is gone. Data
 * must stay in place, and what is sent unchanged, until the request is done. */

/* Sets *done to 1 once the request is; the request is then null. Makes MPI move whatever else is on its way, too. */
static inline int cmpi_test(cmpi_request *r, int32_t *done) {
  int flag = 0;
  int status = MPI_Test(&r->raw, &flag, MPI_STATUS_IGNORE);
  *done = flag;
  return status;
}

/* Collectives: every rank of the communicator calls them, in the same order. */

static inline int cmpi_start_barrier(cmpi_comm c, cmpi_request *r) { return MPI_Ibarrier(c.raw, &r->raw); }

static inline int cmpi_start_broadcast(
    void *data, int32_t count, cmpi_type t, int32_t root, cmpi_comm c, cmpi_request *r) {
  return MPI_Ibcast(data, count, t.raw, root, c.raw, &r->raw);
}

static inline int cmpi_start_all_reduce_in_place(
    void *data, int32_t count, cmpi_type t, cmpi_op o, cmpi_comm c, cmpi_request *r) {
  return MPI_Iallreduce(MPI_IN_PLACE, data, count, t.raw, o.raw, c.raw, &r->raw);
}

/* total is read on the root alone; it must not overlap mine. */
static inline int cmpi_start_reduce(
    const void *mine, void *total, int32_t count, cmpi_type t, cmpi_op o, int32_t root, cmpi_comm c, cmpi_request *r) {
  return MPI_Ireduce(mine, total, count, t.raw, o.raw, root, c.raw, &r->raw);
}

/* mine holds the sum of counts; own, counts[rank] elements, must not overlap it. counts must stay as well. */
static inline int cmpi_start_reduce_scatter(
    const void *mine, void *own, const int32_t *counts, cmpi_type t, cmpi_op o, cmpi_comm c, cmpi_request *r) {
  return MPI_Ireduce_scatter(mine, own, counts, t.raw, o.raw, c.raw, &r->raw);
}

/* Each rank's block is already at its place in data: counts[r] elements from starts[r], which must both stay. */
static inline int cmpi_start_all_gather_in_place(
    void *data, const int32_t *counts, const int32_t *starts, cmpi_type t, cmpi_comm c, cmpi_request *r) {
  return MPI_Iallgatherv(MPI_IN_PLACE, 0, t.raw, data, counts, starts, t.raw, c.raw, &r->raw);
}

/* Point to point */

static inline int cmpi_start_send(
    const void *data, int32_t count, cmpi_type t, int32_t peer, int32_t tag, cmpi_comm c, cmpi_request *r) {
  return MPI_Isend(data, count, t.raw, peer, tag, c.raw, &r->raw);
}

static inline int cmpi_start_receive(
    void *data, int32_t count, cmpi_type t, int32_t peer, int32_t tag, cmpi_comm c, cmpi_request *r) {
  return MPI_Irecv(data, count, t.raw, peer, tag, c.raw, &r->raw);
}

/* Sends an empty message that nobody here waits for: its tag is what it says. */
static inline int cmpi_post(int32_t peer, int32_t tag, cmpi_comm c) {
  MPI_Request request;
  int status = MPI_Isend(NULL, 0, MPI_UINT8_T, peer, tag, c.raw, &request);
  return status == MPI_SUCCESS ? MPI_Request_free(&request) : status;
}

/* Takes such a message, if one has come: *came is then 1. */
static inline int cmpi_take_post(int32_t peer, int32_t tag, cmpi_comm c, int32_t *came) {
  int flag = 0;
  int status = MPI_Iprobe(peer, tag, c.raw, &flag, MPI_STATUS_IGNORE);
  if (status == MPI_SUCCESS && flag)
    status = MPI_Recv(NULL, 0, MPI_UINT8_T, peer, tag, c.raw, MPI_STATUS_IGNORE);
  *came = flag;
  return status;
}

#endif
