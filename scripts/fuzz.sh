#!/bin/bash
# Runs `caravan` on damaged inputs: COUNT (2500 if not given) for each reader, two at a time, with 2 GiB of address space.
#
#   scripts/fuzz.sh [COUNT] [READER ...]        CARAVAN=path/to/caravan (default: the release build)  SEED=1  VERBOSE=1
#
# Readers: csv inter truth dataset.json dataset items.txt state.json checkpoint counts config sweep. What is wrong is printed, the
# input that did it is kept. 2500 for each take about 20 minutes of two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARAVAN="${CARAVAN:-$PWD/.build/release/caravan}"
[ -x "$CARAVAN" ] || { echo "$CARAVAN is not there: swift build -c release --product caravan" >&2; exit 2; }
export OMP_NUM_THREADS=1 SWIFT_BACKTRACE=enable=no
ulimit -v 2097152 -c 0
exec python3 scripts/fuzz.py "$@"
