#!/bin/bash
# From the files of KDD Cup 2023 to a submission: README.md says what it does and what comes out.
#
#   examples/kdd-cup/run.sh DATA OUT
#
# DATA has sessions_train.csv, sessions_test_task2.csv and, for figures, gt_test_task2.csv. What is done already is not done
# again: after a stop the same command goes on.
#
#   NEURAL=CORE     a model that is trained and blended with COUNTS; without it COUNTS alone
#   LOCALES=…       the locales that it is trained on (ES,FR,IT)
#   OPTIONS=…       more options of its training, such as "--precision bf16"
#   CANDIDATES=all  what is proposed: any item, or with `locale` those that sessions of the locale have
#   RANKS=2         ranks of training and ranking
#   CARAVAN=…       the executable, where PATH does not lead to it
set -euo pipefail
if [ $# -ne 2 ]; then sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2; exit 64; fi
data=$1 out=$2
caravan=${CARAVAN:-caravan} ranks=${RANKS:-2} neural=${NEURAL:-} locales=${LOCALES:-ES,FR,IT}
command -v "$caravan" >/dev/null || { echo "run.sh: there is no $caravan: name it by CARAVAN=" >&2; exit 1; }
read -ra options <<<"${OPTIONS:-}"
for file in sessions_train.csv sessions_test_task2.csv; do
  if [ ! -e "$data/$file" ]; then echo "$data has no $file: see examples/kdd-cup/README.md" >&2; exit 66; fi
done
truth=()
if [ -e "$data/gt_test_task2.csv" ]; then truth=(--truth "$data/gt_test_task2.csv"); fi

say() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }
# On all ranks: mpirun as it should be started.
run() { "$caravan" run -n "$ranks" "$@"; }
prepare() {
  if [ -e "$1/dataset.json" ]; then return; fi
  "$caravan" prepare --sessions "$data/sessions_train.csv" --test "$data/sessions_test_task2.csv" \
    ${truth[@]+"${truth[@]}"} --valid-fraction "$2" --out "$1"
}

say "All sessions of six locales, and COUNTS of them"
mkdir -p "$out"
prepare "$out/all" 0
"$caravan" train --dataset "$out/all" --model COUNTS --out "$out/runs/counts"
model=$out/runs/counts
# The sessions' own items are no answers here, and clicks of the ranked sessions count: the task gives them away.
rules=(--filter-seen --transductive)

if [ -n "$neural" ]; then
  say "A tenth of the sessions kept apart, to choose weights on"
  prepare "$out/chosen" 0.1
  "$caravan" train --dataset "$out/chosen" --model COUNTS --out "$out/runs/counts-chosen"

  say "$neural on the sessions of $locales"
  run train --dataset "$out/chosen" --model "$neural" --locales "$locales" \
    ${options[@]+"${options[@]}"} --out "$out/runs/$neural"

  say "The weights that are best on the sessions kept apart"
  if [ ! -e "$out/blends/chosen/blend.json" ]; then
    run blend --dataset "$out/chosen" --from "$out/runs/counts-chosen" --from "$out/runs/$neural" "${rules[@]}" \
      --out "$out/blends/chosen"
  fi

  say "The same weights with the COUNTS of all sessions"
  values() { sed -n "s/^ *\"$1\" : \([0-9.e-]*\),\{0,1\}\$/\1/p" "$out/blends/chosen/blend.json"; }
  # A line a member, in the order of --from.
  mapfile -t weights < <(values weight)
  if [ ! -e "$out/blends/all/blend.json" ]; then
    "$caravan" blend --dataset "$out/all" --from "$out/runs/counts:${weights[0]}" \
      --from "$out/runs/$neural:${weights[1]}" --power "$(values power)" "${rules[@]}" --out "$out/blends/all"
  fi
  model=$out/blends/all
fi

if [ ${#truth[@]} -gt 0 ]; then
  say "Figures on the test sessions"
  run evaluate --dataset "$out/all" --checkpoint "$model" "${rules[@]}" --top 100 --json "$out/test.json"
fi

say "The submission"
run predict --dataset "$out/all" --checkpoint "$model" "${rules[@]}" --candidates "${CANDIDATES:-all}" \
  --sessions "$data/sessions_test_task2.csv" --top 100 --out "$out/predictions.csv" --force
say "Done: $out/predictions.csv"
echo "As Parquet, which the competition asks for: scripts/parquet.py $out/predictions.csv $out/submission.parquet"
