#!/bin/bash
# A search over options on the hosts of a file, its report, and the best model's figures: README.md says more.
#
#   examples/cluster-sweep/run.sh OUT [DATASET]
#
# Without DATASET, a prepared data set, synthetic sessions are made. After a stop the same command goes on.
#
#   HOSTS=FILE      the hosts, examples/cluster-sweep/hosts unless given; INTERFACE=eth0 the network that joins them
#   SWEEP=FILE      the search, examples/cluster-sweep/sweep.yaml unless given
#   RANKS_PER_JOB=1 ranks that a job has; SETTINGS="--set epochs=1" options of all jobs
#   CARAVAN=…       the executable, where PATH does not lead to it
set -euo pipefail
if [ $# -lt 1 ]; then sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2; exit 64; fi
here=$(cd "$(dirname "$0")" && pwd)
out=$1 dataset=${2:-$1/data}
caravan=${CARAVAN:-caravan} hosts=${HOSTS:-$here/hosts}
command -v "$caravan" >/dev/null || { echo "run.sh: there is no $caravan: name it by CARAVAN=" >&2; exit 1; }
network=()
if [ -n "${INTERFACE:-}" ]; then network=(--interface "$INTERFACE"); fi
read -ra settings <<<"${SETTINGS:-}"
mkdir -p "$out"
if [ $# -lt 2 ] && [ ! -e "$dataset/dataset.json" ]; then
  "$caravan" synth --out "$out/sessions" --sessions "${SESSIONS:-20000}" --items "${ITEMS:-2000}" --force
  "$caravan" prepare --sessions "$out/sessions/sessions_train.csv" --test "$out/sessions/sessions_test.csv" \
    --truth "$out/sessions/truth_test.csv" --out "$dataset"
fi

# Where a host is lost the search goes on with those that are left.
"$caravan" run --hostfile "$hosts" ${network[@]+"${network[@]}"} --restarts 3 \
  sweep "${SWEEP:-$here/sweep.yaml}" --set dataset="$dataset" ${settings[@]+"${settings[@]}"} \
  --ranks-per-job "${RANKS_PER_JOB:-1}" --out "$out/sweep"

"$caravan" report "$out/sweep" --out "$out/report.html" --force
"$caravan" run --hostfile "$hosts" ${network[@]+"${network[@]}"} \
  evaluate --dataset "$dataset" --checkpoint "$out/sweep/best" --json "$out/test.json"
echo "the report: $out/report.html    the best model: $out/sweep/best    its options: $out/sweep/best.yaml"
