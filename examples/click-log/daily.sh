#!/bin/bash
# From a shop's click log to a model a day, for cron: README.md says what it does and what is in STATE_FOLDER.
#
#   examples/click-log/daily.sh LOG_FOLDER STATE_FOLDER
#
# LOG_FOLDER has a file of clicks a day, whose names sort as the days do: 2026-11-25.tsv, .csv, also .gz.
#
#   MODEL=GRU4Rec   what is trained the first time; COUNTS and others that count, each time anew
#   OPTIONS=…       more options of trainings, such as "--batch-size 512"
#   PREPARE=…       options of `caravan prepare`, such as "--columns session=visit,item=sku,time=at"
#   FRESH=yes       trains from scratch, on all logs, instead of handing the newest model on
#   EPOCHS=2        of a model that is handed on; LOGS=7 how many logs it learns from
#   METRIC=mrr@20   what decides, and MARGIN=0.05, by which share the new model may be worse
#   KEEP=14         days whose folders are kept
#   RANKS=2         ranks; CARAVAN=… the executable, where PATH does not lead to it
#
# Exit codes: 0 done; 3 the new model is worse, and the one before stays; 75 stopped, or another call is at work: call again;
# 66 too few logs; 64 a wrong call; 1 a failure, of which the line says where to look. `current` changes with 0 alone.
set -euo pipefail
if [ $# -ne 2 ]; then sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2; exit 64; fi
if [ ! -d "$1" ]; then echo "daily.sh: there is no folder $1" >&2; exit 66; fi
mkdir -p "$2/days" "$2/predictions"
logs=$(cd "$1" && pwd) state=$(cd "$2" && pwd)
caravan=${CARAVAN:-caravan} ranks=${RANKS:-2} metric=${METRIC:-mrr@20} fresh=${FRESH:-}
# A model that counts has no weights to hand on, and counts anew in seconds.
case ${MODEL:-} in COUNTS | COVISIT | NEIGHBOURS | POP) fresh=yes ;; esac
command -v "$caravan" >/dev/null || { echo "daily.sh: there is no $caravan: name it by CARAVAN=" >&2; exit 1; }
read -ra options <<<"${OPTIONS:-}"
read -ra preparing <<<"${PREPARE:-}"

# The lock goes with the last process of a call, however that ends.
exec 9>"$state/lock"
flock --nonblock 9 || { echo "daily.sh: another call is at work in $state" >&2; exit 75; }

mapfile -t files < <(find "$logs" -maxdepth 1 -type f ! -name 'open.*' ! -name '.*' \
  \( -name '*.tsv' -o -name '*.csv' -o -name '*.tsv.gz' -o -name '*.csv.gz' \) | LC_ALL=C sort)
if [ "${#files[@]}" -lt 2 ]; then
  echo "daily.sh: $logs has ${#files[@]} of the 2 logs that it takes: one to learn from, one to judge by" >&2
  exit 66
fi
newest=${files[-1]}
name=$(basename "$newest" .gz)
name=${name%.*}
day=$state/days/$name
if [ -e "$day/done" ]; then
  read -r code said <"$day/done"
  echo "$name was done before: $said"
  exit "$code"
fi
mkdir -p "$day"

note() { echo "$(date -u +%FT%TZ) $name: $1" >>"$state/daily.log"; }
fail() { note "$2"; echo "daily.sh: $name: $2" >&2; exit "$1"; }

# A signal goes on to the command that is running: trainings then write a checkpoint.
asked="" child=""
stop() { asked=yes; if [ -n "$child" ]; then kill -TERM "$child" 2>/dev/null || true; fi; }
trap stop TERM INT HUP

# run WHAT COMMAND …: what it says goes into the day's log.
run() {
  local what=$1 status=0
  shift
  if [ -n "$asked" ]; then fail 75 "stopped before it $what"; fi
  note "$what"
  "$@" >>"$day/log" 2>&1 &
  child=$!
  if [ -n "$asked" ]; then stop; fi
  # A trapped signal ends `wait`: wait again until the command has ended, then ask for its exit code.
  while kill -0 "$child" 2>/dev/null; do wait "$child" || true; done
  wait "$child" || status=$?
  child=""
  if [ "$status" -eq 0 ]; then return; fi
  # 75: asked to stop; 69: a rank was lost, and so were those that took its place.
  if [ -n "$asked" ] || [ "$status" -eq 75 ] || [ "$status" -eq 69 ]; then
    fail 75 "stopped while it $what: the same call goes on"
  fi
  fail 1 "failed while it $what: $(grep -v '^ *$' "$day/log" | tail -n 1) (see $day/log)"
}

# link TARGET NAME: the link is the old one or the new one, and never missing.
link() { ln -sfn "$1" "$2.new" && mv -T "$2.new" "$2"; }

# figure FILE: the metric, over all sessions; and a number with four digits.
figure() { sed -n "/\"all\"/,/}/s/^ *\"$metric\" : \([0-9.e-]*\),\{0,1\}\$/\1/p" "$1"; }
short() { LC_ALL=C printf '%.4f' "$1"; }

# evaluate MODEL FILE
evaluate() {
  if [ -e "$2" ]; then return; fi
  run "evaluates $(basename "$2" .json) on the newest day" "$caravan" run -n "$ranks" evaluate \
    --dataset "$day/data" --checkpoint "$1" --every-click --top "${metric#*@}" --json "$2.part"
  mv "$2.part" "$2"
}

# What was the model when this day was begun: a call that goes on must not take the day's own model for it.
if [ ! -e "$day/before" ]; then
  if [ -e "$state/current" ]; then readlink "$state/current"; else echo none; fi >"$day/before.part"
  mv "$day/before.part" "$day/before"
fi
before=$(cat "$day/before")
base=$state/$before

# The newest day is what the model is judged by; it learns from the days before.
learned=("${files[@]:0:${#files[@]}-1}") known=()
if [ "$before" != none ]; then
  known=(--vocabulary "$base/data")
  count=${LOGS:-7}
  if [ -z "$fresh" ] && [ "${#learned[@]}" -gt "$count" ]; then learned=("${learned[@]: -count}"); fi
fi
sessions=()
for file in "${learned[@]}"; do sessions+=(--sessions "$file"); done
if [ ! -e "$day/data/dataset.json" ]; then
  run "prepares ${#learned[@]} logs, and $(basename "$newest") to judge by" "$caravan" prepare "${sessions[@]}" \
    --test "$newest" ${known[@]+"${known[@]}"} ${preparing[@]+"${preparing[@]}"} --valid-fraction 0 --out "$day/data"
fi

if [ "$before" = none ] || [ -n "$fresh" ]; then
  run "trains from scratch" "$caravan" run -n "$ranks" --restarts 2 train --dataset "$day/data" \
    --model "${MODEL:-GRU4Rec}" ${options[@]+"${options[@]}"} --out "$day/run"
  model=run
else
  run "hands on the model of $(basename "$before")" "$caravan" run -n "$ranks" --restarts 2 finetune \
    --dataset "$day/data" --checkpoint "$base/model" --mode joint --epochs "${EPOCHS:-2}" \
    ${options[@]+"${options[@]}"} --out "$day/run"
  model=run/joint
fi
link "$model" "$day/model"

code=0 best=$day
evaluate "$day/model" "$day/new.json"
new=$(figure "$day/new.json")
if [ -z "$new" ]; then fail 1 "there is no $metric in $day/new.json"; fi
said="$metric $(short "$new")"
if [ "$before" != none ]; then
  evaluate "$base/model" "$day/old.json"
  old=$(figure "$day/old.json")
  said="$said, the model of $(basename "$before") has $(short "$old")"
  if ! awk -v new="$new" -v old="$old" -v margin="${MARGIN:-0.05}" 'BEGIN { exit !(new >= old * (1 - margin)) }'; then
    code=3 best=$base said="$said and stays"
  fi
fi
open=$(find "$logs" -maxdepth 1 -type f -name 'open.*' | LC_ALL=C sort | tail -n 1)
run "predicts with the model of $(basename "$best")" "$caravan" run -n "$ranks" predict --dataset "$day/data" \
  --checkpoint "$best/model" --sessions "${open:-$newest}" --top 20 --force --out "$state/predictions/$name.csv"
link "predictions/$name.csv" "$state/predictions.csv"
if [ "$code" -eq 0 ]; then link "days/$name" "$state/current"; fi

echo "$code $said" >"$day/done.part"
mv "$day/done.part" "$day/done"
note "$said"
# What is of days long ago goes, but never what `current` leads to.
kept=$(basename "$(readlink "$state/current")")
for folder in "$state/days" "$state/predictions"; do
  find "$folder" -mindepth 1 -maxdepth 1 ! -name "$kept" ! -name "$kept.csv" | LC_ALL=C sort |
    head -n "-${KEEP:-14}" | while read -r old; do rm -r "$old"; done
done
if [ "$code" -ne 0 ]; then echo "daily.sh: $name: $said" >&2; else echo "$name: $said"; fi
exit "$code"
