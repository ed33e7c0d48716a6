#!/bin/sh
# Installs what is missing, builds everything optimised and runs all tests. Arguments go to `swift test`, such as
# `--filter RankTests`. About 5 minutes on 2 cores from a fresh clone, most of it compiling.
set -eu
cd "$(dirname "$0")/.."
begin=$(date +%s)

scripts/install-dependencies.sh

# mpirun refuses to run as root unless told twice.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
# Ranks share the cores: none may start threads of its own.
export OMP_NUM_THREADS=1

swift build -c release --build-tests
built=$(date +%s)
status=0
swift test -c release --skip-build "$@" || status=$?
end=$(date +%s)

if [ "$status" -eq 0 ]; then verdict="All tests passed"; else verdict="TESTS FAILED"; fi
echo "$verdict: built in $((built - begin)) s, tested in $((end - built)) s."
exit "$status"
