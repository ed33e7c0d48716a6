#!/bin/sh
# From a fresh clone to a trained model: installs what is missing, builds, makes synthetic sessions, trains GRU4Rec on
# 2 ranks, evaluates and predicts. Under 5 minutes on 2 cores, most of it compiling. Everything it makes is in
# quickstart/ (or the folder given as the first argument); run again, it goes on where it was.
set -eu
cd "$(dirname "$0")/.."
begin=$(date +%s)
folder=${1:-quickstart}
ranks=${RANKS:-2}

say() { printf '\n== %s\n' "$1"; }

say "System packages"
scripts/install-dependencies.sh

say "Building (a few minutes the first time)"
swift build -c release --product caravan
caravan=$(swift build -c release --show-bin-path)/caravan

mpirun="mpirun --bind-to none --oversubscribe -n $ranks"
# mpirun refuses to run as root unless told so.
if [ "$(id -u)" -eq 0 ]; then mpirun="$mpirun --allow-run-as-root"; fi
export OMP_NUM_THREADS=1

say "Synthetic sessions of six locales"
if [ ! -e "$folder/dataset/dataset.json" ]; then
  "$caravan" synth --out "$folder/sessions" --n-sessions 40000 --items 8000
  "$caravan" prepare --sessions "$folder/sessions/sessions_train.csv" \
    --test "$folder/sessions/sessions_test.csv" --truth "$folder/sessions/truth_test.csv" \
    --out "$folder/dataset"
fi

say "Training GRU4Rec on $ranks ranks"
$mpirun "$caravan" train --dataset "$folder/dataset" --model GRU4Rec \
  --targets last --batch-size 512 --out "$folder/run"

say "Evaluating on the test sessions"
$mpirun "$caravan" evaluate --dataset "$folder/dataset" --checkpoint "$folder/run" --json "$folder/test.json"

say "Predicting the next 100 products"
$mpirun "$caravan" predict --dataset "$folder/dataset" --checkpoint "$folder/run" \
  --sessions "$folder/sessions/sessions_test.csv" --candidates locale --top 100 --out "$folder/predictions.csv" --force

reached=$(sed -n '/"all"/,/}/s/.*"\(recall@100\|mrr@100\)" : \([0-9.]*\).*/\1 \2/p' "$folder/test.json" |
  awk '{printf "%s %.4f  ", $1, $2}')
say "Done in $(($(date +%s) - begin)) s"
echo "Reached on the test sessions: $reached"
echo "Checkpoint:   $folder/run/checkpoints/best"
echo "Metrics:      $folder/run/metrics.jsonl (and TensorBoard events: tensorboard --logdir $folder/run)"
echo "Predictions:  $folder/predictions.csv"
echo "Executable:   $caravan"
