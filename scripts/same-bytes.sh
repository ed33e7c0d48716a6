#!/bin/sh
# Trains the same steps on 1 to 4 ranks, with a sharded item table, on threads, and with a stop in between, and compares
# the checkpoints:
#
#   scripts/same-bytes.sh DATASET OUT --model GRU4Rec --preset recbole [other options of caravan train]
#
# STEPS is how many steps are trained, 30 unless it is set. Prints a SHA-256 a run; fails where two differ. About
# three minutes for 200,000 items on 2 cores.
set -eu

if [ $# -lt 2 ]; then
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2
  exit 64
fi
dataset=$1 out=$2
shift 2
steps=${STEPS:-30}
caravan=${CARAVAN:-$(cd "$(dirname "$0")/.." && pwd)/.build/release/caravan}
mpirun="mpirun --quiet --bind-to none --oversubscribe"
# mpirun refuses to run as root unless told so.
if [ "$(id -u)" -eq 0 ]; then mpirun="$mpirun --allow-run-as-root"; fi
export OMP_NUM_THREADS=1

# run NAME RANKS STEPS OPTIONS
run() {
  name=$1 ranks=$2 last=$3
  shift 3
  $mpirun -n "$ranks" "$caravan" train --dataset "$dataset" --batch-size 512 --max-steps "$last" \
    --out "$out/$name" "$@" >/dev/null 2>"$out/$name.log" || { cat "$out/$name.log" >&2; exit 1; }
}

mkdir -p "$out"
for ranks in 1 2 3 4; do run "ranks-$ranks" "$ranks" "$steps" --resume never "$@"; done
for ranks in 2 3 8; do run "sharded-$ranks" "$ranks" "$steps" --resume never "$@" --item-table sharded; done
run threads 1 "$steps" --resume never --threads-per-rank 2 "$@"
run stopped 3 $((steps / 2)) --resume never "$@"
run stopped 2 "$steps" "$@" --item-table sharded

first=""
for name in ranks-1 ranks-2 ranks-3 ranks-4 sharded-2 sharded-3 sharded-8 threads stopped; do
  for file in model.safetensors optimizer.safetensors state.json; do sha256sum "$out/$name/checkpoints/latest/$file"; done
  sum=$(cd "$out/$name/checkpoints/latest" && cat model.safetensors optimizer.safetensors state.json | sha256sum)
  first=${first:-$sum}
  if [ "$sum" != "$first" ]; then
    echo "$out/$name has other bytes than $out/ranks-1" >&2
    exit 1
  fi
done
echo "the same bytes on 1, 2, 3 and 4 ranks, with a sharded table on 2, 3 and 8, on 2 threads, and after a stop"
