#!/bin/bash
# Looks for errors of memory and threads with the tools made for that:
#
#   scripts/sanitize.sh address [ARGUMENTS]     C and Swift: reads and writes outside of memory, or after it was freed
#   scripts/sanitize.sh undefined [ARGUMENTS]   C: what the language does not define (overflows, shifts, alignment)
#   scripts/sanitize.sh thread [ARGUMENTS]      C and Swift: threads that touch the same memory without an order
#   scripts/sanitize.sh valgrind                two ranks train two steps: also what was never set, also in libraries
#
# The first three build the tests anew, each in a folder of its own (.build-address …), and run those that start no
# MPI; ARGUMENTS go to `swift test`, such as `--filter TensorsTests`. A build takes about 5 minutes on two cores that do nothing
# else. valgrind takes the release build, or CARAVAN, and half a minute. Exit code 1 for a finding. scripts/sanitize/
# lists what is not ours and passed over.
set -euo pipefail
cd "$(dirname "$0")/.."
lists=$PWD/scripts/sanitize
export OMP_NUM_THREADS=1

usage() {
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2
  exit 64
}

# sanitize KIND FLAGS -- [arguments of swift test]
sanitize() {
  local kind=$1 build=(-c release --scratch-path ".build-$1")
  shift
  while [ "$1" != -- ]; do build+=("$1"); shift; done
  shift
  nice swift build --build-tests "${build[@]}"
  # Those that start MPI are left out: Open MPI shares and keeps memory in ways of its own.
  nice swift test --skip-build "${build[@]}" --skip '^(RankTests|CommandTests)\.' "$@"
}

run_valgrind() {
  command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 1; }
  local caravan supplied
  caravan=$(realpath -e "${CARAVAN:-.build/release/caravan}") || exit 1
  supplied=$(dirname "$(dirname "$(realpath "$(command -v mpirun)")")")/share/openmpi/openmpi-valgrind.supp
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # Its reader of debug information stumbles over Swift's; names of functions are left.
  strip --strip-debug -o "$work/caravan" "$caravan"
  cd "$work"
  ./caravan synth --out sessions --n-sessions 400 --items 100 >/dev/null
  ./caravan prepare --sessions sessions/sessions_train.csv --test sessions/sessions_test.csv --out data >/dev/null
  if [ "$(id -u)" -eq 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
  # It has one thread run at a time: waiting ones must give way. It knows no AVX-512, and tells programs so.
  local status=0
  nice mpirun -n 2 --oversubscribe --bind-to none --mca pml ob1 --mca btl tcp,vader,self --mca mpi_yield_when_idle 1 \
    valgrind --fair-sched=yes --child-silent-after-fork=yes --error-exitcode=99 --num-callers=30 --gen-suppressions=all \
    --suppressions="$supplied" --suppressions="$lists/valgrind.supp" --log-file="$work/%p.log" \
    ./caravan train --dataset data --model "${MODEL:-GRU4Rec}" --preset recbole --embedding-size 16 --hidden-size 16 \
    --lanes 2 --batch-size 16 --max-steps 2 --resume never --out run || status=$?
  cat "$work"/*.log >&2
  if [ "$status" -ne 0 ]; then echo "FINDINGS, or no run at all: see above" >&2; exit 1; fi
}

[ $# -ge 1 ] || usage
kind=$1
shift
case $kind in
address)
  # Memory that lives as long as the process is no leak; where it is none of ours, leaks cannot be told apart.
  export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1
  sanitize address --sanitize address -- "$@"
  ;;
undefined)
  export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  # Swift has no such option on Linux, but it hands options to its clang, and that has a library to link.
  clang=$(dirname "$(realpath "$(command -v swift)")")/clang
  library=$("$clang" -print-resource-dir)/lib/linux/libclang_rt.ubsan_standalone-$(uname -m).a
  [ -e "$library" ] || { echo "$library is not there: this Swift came without clang's sanitizers" >&2; exit 1; }
  sanitize undefined -Xcc -fsanitize=undefined -Xlinker "$library" -- "$@"
  ;;
thread)
  export TSAN_OPTIONS="halt_on_error=0:exitcode=66:suppressions=$lists/thread.supp"
  sanitize thread --sanitize thread -- "$@"
  ;;
valgrind) [ $# -eq 0 ] || usage; run_valgrind ;;
*) usage ;;
esac
echo "$kind: nothing found"
