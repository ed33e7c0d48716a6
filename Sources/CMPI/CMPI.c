/* The functions over MPI are inline in the header. */
#define _GNU_SOURCE
#include "CMPI.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

bool cmpi_can_read_peers(void) {
  char written = 1;
  /* As Open MPI does under Yama; no other kernel knows it. */
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  const pid_t parent = getpid(), child = fork();
  if (child < 0) return true;
  if (child == 0) {
    char read = 0;
    const struct iovec from = {&written, 1}, to = {&read, 1};
    _exit(process_vm_readv(parent, &to, 1, &from, 1, 0) == 1 ? 0 : 1);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return true;
  return !WIFEXITED(status) || WEXITSTATUS(status) == 0;
}

int32_t cmpi_own_cores(int32_t *cores) {
  cpu_set_t set;
  int32_t count = 0;
  if (sched_getaffinity(0, sizeof set, &set)) return 0;
  for (int32_t core = 0; core < cmpi_largest_core_count; core++)
    if (CPU_ISSET(core, &set)) cores[count++] = core;
  return count;
}
