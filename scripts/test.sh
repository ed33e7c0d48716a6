#!/bin/bash
# Installs what is missing, checks the format, builds everything optimised and runs all tests. Arguments go to
# `swift test`, such as `--filter RankTests`; without any, the commands of README and docs are run as well
# (check-docs.sh). About 6 minutes on 2 cores from a fresh clone, most of it compiling.
set -euo pipefail
cd "$(dirname "$0")/.."
begin=$(date +%s)

scripts/install-dependencies.sh

sources=(Sources Tests Package.swift)
if ! swift format lint --strict --parallel --recursive "${sources[@]}"; then
  echo "FORMAT DIFFERS in the lines above. What can be put right by itself:" >&2
  echo "  swift format --in-place --parallel --recursive ${sources[*]}" >&2
  exit 1
fi

# mpirun refuses to run as root unless told twice.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
# Ranks share the cores: none may start threads of its own.
export OMP_NUM_THREADS=1

mkdir -p .build
swift build -c release --build-tests 2>&1 | tee .build/build.log
built=$(date +%s)
# Our own warnings are errors; -warnings-as-errors would be meant for the packages we use as well, which lie in .build.
# Files that were compiled before are not warned about again: a fresh clone sees all.
if warnings=$(grep -E '^/[^:]+:[0-9]+:[0-9]+: warning: ' .build/build.log | grep -v '/\.build/' | sort -u); then
  printf 'WARNINGS, which are errors here:\n%s\n' "$warnings" >&2
  exit 1
fi

status=0
swift test -c release --skip-build "$@" || status=$?
if [ $# -eq 0 ]; then scripts/check-examples.sh || status=$?; fi

# A job that goes back into the queue by itself, in a Slurm of its own: a minute, where there is Slurm, and root.
if [ $# -eq 0 ]; then
  slurm=0
  OUT=.build/slurm-test scripts/slurm-torture.sh 1 stop || slurm=$?
  case $slurm in
  0) ;;
  77) echo "SKIPPED: the job in Slurm, as told above" ;;
  *) status=$slurm ;;
  esac
  CARAVAN="$(swift build -c release --show-bin-path)/caravan" scripts/check-docs.sh || status=$?
fi
end=$(date +%s)

if [ "$status" -eq 0 ]; then verdict="All tests passed"; else verdict="TESTS FAILED"; fi
echo "$verdict: built in $((built - begin)) s, tested in $((end - built)) s."
exit "$status"
