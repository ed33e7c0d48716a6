#!/bin/bash
# Runs the examples of examples/ in short form on synthetic data: they end as they say, go on where they were, and come
# to the same on 1 and 2 ranks. Some 10 s of processor time, and 25 starts of mpirun. examples/library has
# scripts/check-library.sh.
#
#   scripts/check-examples.sh [kdd-cup] [click-log] [cluster-sweep]     all of them where none is named
set -euo pipefail
cd "$(dirname "$0")/.."
CARAVAN=$(realpath -e "${CARAVAN:-.build/release/caravan}") || { echo "build caravan first" >&2; exit 1; }
export CARAVAN OMP_NUM_THREADS=1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() { echo "check-examples: $1" >&2; cat "$folder/said" >&2; exit 1; }
# expect CODE COMMAND …: what it says is shown only where another exit code comes.
expect() {
  local code=$1 status=0
  shift
  "$@" >"$folder/said" 2>&1 || status=$?
  if [ "$status" -ne "$code" ]; then fail "exit code $status instead of $code: $*"; fi
}
same() { cmp "$1" "$2" >"$folder/said" 2>&1 || fail "$1 and $2 differ"; }

check_kdd_cup() {
  local data=$folder/kdd
  "$CARAVAN" synth --out "$data" --sessions 1500 --items 200 >/dev/null
  mv "$data/sessions_test.csv" "$data/sessions_test_task2.csv"
  mv "$data/truth_test.csv" "$data/gt_test_task2.csv"
  export NEURAL=CORE OPTIONS="--batch-size 128 --max-steps 6"
  RANKS=2 expect 0 examples/kdd-cup/run.sh "$data" "$data/two"
  RANKS=1 expect 0 examples/kdd-cup/run.sh "$data" "$data/one"
  for file in predictions.csv test.json; do same "$data/one/$file" "$data/two/$file"; done
  unset NEURAL OPTIONS
  # Without answers there are predictions all the same.
  rm "$data/gt_test_task2.csv"
  expect 0 examples/kdd-cup/run.sh "$data" "$data/blind"
  expect 66 examples/kdd-cup/run.sh "$folder" "$data/none"
}

check_click_log() {
  local logs=$folder/logs state=$folder/state daily=examples/click-log/daily.sh
  examples/click-log/make-days.sh "$folder/month" 600 100
  mkdir "$logs"
  local days=("$folder"/month/*)
  export OPTIONS="--batch-size 64 --max-steps 6" RANKS=1
  cp "${days[0]}" "$logs"
  expect 66 "$daily" "$logs" "$state"
  cp "${days[1]}" "$logs"
  expect 0 "$daily" "$logs" "$state"
  expect 0 "$daily" "$logs" "$state"
  local first
  first=$(readlink "$state/current")
  (flock 8 && expect 75 "$daily" "$logs" "$state") 8>"$state/lock"

  # The next day's model is worse than it may be, and stays so when it is called again.
  cp "${days[2]}" "$logs"
  MARGIN=-9 expect 3 "$daily" "$logs" "$state"
  expect 3 "$daily" "$logs" "$state"
  if [ "$(readlink "$state/current")" != "$first" ]; then fail "a model that is worse has become current"; fi
  # A call that was killed in its last step goes on.
  rm "$state"/days/*/done
  MARGIN=1 expect 0 "$daily" "$logs" "$state"
  local second
  second=$(readlink "$state/current")
  if [ "$second" = "$first" ]; then fail "the new model has not become current"; fi
  # A log that cannot be read changes nothing.
  local broken=$logs/2999-01-01.tsv
  echo nonsense >"$broken"
  expect 1 "$daily" "$logs" "$state"
  if [ "$(readlink "$state/current")" != "$second" ]; then fail "a failure has changed what is current"; fi
  rm "$broken"
  # A model that was handed on is handed on.
  cp "${days[3]}" "$logs"
  MARGIN=1 expect 0 "$daily" "$logs" "$state"
  if [ ! -s "$state/predictions.csv" ]; then fail "there are no predictions"; fi
  unset OPTIONS RANKS
}

check_cluster_sweep() {
  export SESSIONS=1500 ITEMS=200 SETTINGS="--set epochs=1"
  expect 0 examples/cluster-sweep/run.sh "$folder/sweep"
  cp "$folder/sweep/sweep/results.txt" "$folder/first.txt"
  expect 0 examples/cluster-sweep/run.sh "$folder/sweep"
  same "$folder/first.txt" "$folder/sweep/sweep/results.txt"
  if ! grep -q '<svg' "$folder/sweep/report.html"; then fail "the report has no chart"; fi
  unset SESSIONS ITEMS SETTINGS
}

if [ $# -eq 0 ]; then set -- kdd-cup click-log cluster-sweep; fi
for example in "$@"; do
  begin=$SECONDS
  "check_${example//-/_}"
  echo "examples/$example: as it says, in $((SECONDS - begin)) s"
done
