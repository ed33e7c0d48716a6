#!/bin/bash
# Breaks runs in every way that a cluster knows, and compares the bytes of what they come to with those of a run that
# nobody disturbed. Hours with its full counts; `scripts/test.sh` has a short form of each.
#
#   scripts/torture.sh [FAULT[:TIMES] …]
#
#   kill:50      SIGKILL of a random rank at random moments, gone on with by `caravan run` on another number of ranks
#   saving:20    SIGKILL of rank 0 while a checkpoint is written in the background
#   stall:10     SIGSTOP of a rank: named within the time-out
#   signal:10    SIGTERM, SIGINT and SIGHUP, each so often, to the launcher and to one rank: exit code 75
#   damage:200   a flipped byte or a cut in a file of the newest checkpoint: refused, an older one is used
#   inputs:100000  mutated files for each reader, in the process of the tests: neither traps nor more than 2 GiB
#   full:5       no room left on the disk in the middle of a checkpoint
#   matrix:1     every model: again, resumed, half the ranks, 3 for 4, threads, both layouts
#   cut:10       the link of a host is cut, every second time healed again     (root, see scripts/cluster-sim.sh)
#   off:5        a host loses its power                                        (the same)
#
# Without arguments all of them. CARAVAN is the executable, WORK a folder on a disk that all nodes see; RANDOM's seed is
# SEED. One line a fault; the exit code is 1 if any went wrong.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
root=$PWD
caravan=${CARAVAN:-$root/.build/release/caravan}
work=${WORK:-$root/.build/torture}
RANDOM=${SEED:-1}
if [ "$(id -u)" -eq 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
export OMP_NUM_THREADS=1
bad=0

rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
"$caravan" synth --out raw --n-sessions 8000 --items 4000 >/dev/null &&
  "$caravan" prepare --sessions raw/sessions_train.csv --test raw/sessions_test.csv --truth raw/truth_test.csv \
    --out shop >/dev/null || exit 1

options=(train --dataset shop --model NARM --preset recbole --batch-size 100 --epochs 6 --stopping-step 99
  --checkpoint-every 15)

# All that a run goes on from.
sum() { cat "$1"/checkpoints/latest/{model,optimizer}.safetensors "$1/checkpoints/latest/state.json" 2>/dev/null | sha256sum; }
"$caravan" "${options[@]}" --out calm >/dev/null 2>&1 || { echo "the undisturbed run fails" >&2; exit 1; }
calm=$(sum calm)

# verdict FAULT NUMBER WHAT CODE: compares the run `out` with the undisturbed one.
verdict() {
  if [ "$4" -eq 0 ] && [ "$(sum out)" = "$calm" ]; then
    echo "ok    $1 $2  $3"
  else
    bad=1
    echo "WRONG $1 $2  $3: exit code $4, $(sum out | cut -c 1-12) for $(echo "$calm" | cut -c 1-12)"
    cp log "log-$1-$2"
  fi
}

# The processes that train, without their launcher.
ranks() { pgrep -f "^[^ ]*caravan train .*--out out" || true; }
rank() { for pid in $(ranks); do if tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "OMPI_COMM_WORLD_RANK=$1"; then echo "$pid"; fi; done; }
layout() { if [ $((RANDOM % 2)) -eq 0 ]; then echo replicated; else echo sharded; fi; }
moment() { sleep "$((RANDOM % $1 / 1000)).$(printf %03d $((RANDOM % 1000)))"; }
# A run from nothing in the background, in one of the two layouts: its process is $job.
begin() {
  rm -rf out
  "$caravan" run "$@" "${options[@]}" --item-table "$(layout)" --out out >log 2>&1 &
  job=$!
}
# Once it trains, or has ended.
training() { until [ -e out/checkpoints/latest ] || ! kill -0 $job 2>/dev/null; do sleep 0.05; done; }
finish() { "$caravan" run "$@" "${options[@]}" --item-table "$(layout)" --out out >>log 2>&1; }

kill_ranks() {
  for i in $(seq "$1"); do
    begin -n $((RANDOM % 4 + 1)) --restarts 1
    for _ in 1 2 3; do
      moment 3000
      mapfile -t found < <(ranks)
      [ ${#found[@]} -eq 0 ] || kill -KILL "${found[RANDOM % ${#found[@]}]}" 2>/dev/null
    done
    wait $job
    first=$?
    finish -n $((RANDOM % 4 + 1)) --restarts 3
    verdict kill "$i" "first exit code $first" $?
  done
}

kill_saving() {
  for i in $(seq "$1"); do
    begin -n 2
    training
    # A checkpoint that is being written has a name of its own, which goes with the end of writing.
    for _ in $(seq 400); do
      found=$(find out/checkpoints -maxdepth 1 -name '.*' 2>/dev/null | head -n 1)
      [ -z "$found" ] || break
      kill -0 $job 2>/dev/null || break
      sleep 0.005
    done
    kill -KILL "$(rank 0)" 2>/dev/null
    wait $job
    first=$?
    finish -n 3
    verdict saving "$i" "while ${found:-nothing} was there, first exit code $first" $?
  done
}

stall() {
  for i in $(seq "$1"); do
    begin -n 3 --hang-timeout 3s
    training
    moment 2000
    which=$((RANDOM % 3))
    kill -STOP "$(rank $which)" 2>/dev/null
    stopped=$(date +%s)
    wait $job
    first=$?
    took=$(($(date +%s) - stopped))
    line=$(grep -c "no answer for .* from rank $which on host" log)
    finish -n 2
    code=$?
    { [ "$first" -eq 69 ] && [ "$line" -eq 1 ] && [ $took -le 15 ]; } || { [ "$first" -eq 0 ]; } || code=99
    verdict stall "$i" "rank $which, $took s, exit code $first, $line line" $code
  done
}

signals() {
  for name in TERM INT HUP; do
    for i in $(seq "$1"); do
      for whom in launcher rank; do
        begin -n 2
        training
        moment 1500
        if [ $whom = launcher ]; then kill -$name $job 2>/dev/null; else kill -$name "$(rank $((RANDOM % 2)))" 2>/dev/null; fi
        wait $job
        first=$?
        finish -n $((RANDOM % 3 + 1))
        code=$?
        [ "$first" -eq 75 ] || [ "$first" -eq 0 ] || code=99
        verdict signal "$i" "SIG$name to a $whom, exit code $first" $code
      done
    done
  done
}

damage() {
  rm -rf keep
  "$caravan" "${options[@]}" --max-steps 70 --out keep >/dev/null 2>&1
  for i in $(seq "$1"); do
    rm -rf out
    cp -a keep out
    mapfile -t files < <(find -H out/checkpoints/latest/ -type f | sort)
    file=${files[RANDOM % ${#files[@]}]}
    size=$(stat -c %s "$file")
    place=$(((RANDOM * 32768 + RANDOM) % size))
    if [ $((RANDOM % 2)) -eq 0 ]; then
      what="cut at $place"
      truncate -s $place "$file"
    else
      what="byte $place"
      python3 -c 'import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2])); b = f.read(1)[0]; f.seek(-1, 1); f.write(bytes([b ^ (1 << int(sys.argv[3]))]))' \
        "$file" $place $((RANDOM % 8))
    fi
    "$caravan" "${options[@]}" --out out >log 2>&1
    code=$?
    grep -q "is damaged" log || code=98
    verdict damage "$i" "${file#out/checkpoints/latest/} $what" $code
  done
}

inputs() {
  # Address space holds what is mapped as well, libraries and stacks of threads included.
  if (ulimit -v 4194304; cd "$root" && CARAVAN_DAMAGE_ROUNDS=$1 swift test -c release --skip-build --filter Damaged) >log 2>&1; then
    echo "ok    inputs $1  a reader"
  else
    bad=1
    echo "WRONG inputs $1: see log-inputs"
    cp log log-inputs
  fi
}

full() {
  for i in $(seq "$1"); do
    rm -rf out disk
    mkdir disk
    mount -t tmpfs -o size=6m tmpfs disk || { echo "skipped: no tmpfs can be mounted here"; return; }
    ln -s disk out
    # What fits is the first checkpoint; the next finds no room.
    "$caravan" run -n 2 "${options[@]}" --out out >log 2>&1 &
    job=$!
    training
    dd if=/dev/zero of=disk/filler bs=64k 2>/dev/null
    wait $job
    first=$?
    rm -f disk/filler
    mount -o remount,size=200m disk
    finish -n 2
    code=$?
    { [ "$first" -eq 1 ] && grep -q "cannot write" log; } || [ "$first" -eq 0 ] || code=97
    verdict full "$i" "first exit code $first" $code
    umount disk
    rm -f out
  done
}

# CESM's names: the same again (REP), resumed (ERS), on half the ranks (PEM), on other threads (PET), resumed on other
# ranks (ERP).
matrix() {
  for model in GRU4Rec NARM STAMP SRGNN CORE SASRec; do
    train=(train --dataset shop --model "$model" --batch-size 256 --max-steps 20 --resume auto)
    sums=""
    one() { # NAME RANKS ARGUMENTS …
      name=$1 ranks=$2
      shift 2
      "$caravan" run -n "$ranks" "${train[@]}" --out "m-$name" "$@" >log 2>&1 || { bad=1; echo "WRONG matrix $model $name"; cat log; }
      sums="$sums$(sha256sum <"m-$name/checkpoints/latest/model.safetensors" | cut -c 1-16) "
    }
    rm -rf m-*
    one REP1 2
    one REP2 2
    one ERS 2 --max-steps 11
    one ERS 2
    one PEM1 4
    one PEM2 3
    one PET 1 --threads-per-rank 2
    one ERP 4 --max-steps 7 --item-table sharded
    one ERP 3 --item-table replicated
    # The stops' own bytes are of other steps.
    if [ "$(echo "$sums" | tr ' ' '\n' | awk 'NF && NR != 3 && NR != 8' | sort -u | wc -l)" -eq 1 ]; then
      echo "ok    matrix $model  ${sums%% *}"
    else
      bad=1
      echo "WRONG matrix $model  $sums"
    fi
  done
}

# lost FAULT TIMES cut|off
lost() {
  if ! why=$("$root/scripts/cluster-sim.sh" can 2>&1); then echo "skipped: $why"; return; fi
  "$root/scripts/cluster-sim.sh" down >/dev/null 2>&1
  for i in $(seq "$2"); do
    if [ "$i" -eq 1 ] || [ "$1" = off ]; then
      "$root/scripts/cluster-sim.sh" down >/dev/null 2>&1
      "$root/scripts/cluster-sim.sh" up 3 >/dev/null || { bad=1; return; }
    fi
    rm -rf out
    "$root/scripts/cluster-sim.sh" start sim1 "$caravan" run --hostfile /run/caravan-sim/hostfile --restarts 3 \
      "${options[@]}" --out out >log 2>&1 &
    job=$!
    training
    moment 1500
    host=sim$((RANDOM % 2 + 2))
    "$root/scripts/cluster-sim.sh" "$1" $host
    cut=$(date +%s)
    until grep -q "starting again" log || ! kill -0 $job 2>/dev/null; do sleep 0.2; done
    took=$(($(date +%s) - cut))
    healed=""
    if [ "$1" = cut ] && [ $((i % 2)) -eq 0 ]; then "$root/scripts/cluster-sim.sh" heal $host; healed=", healed"; fi
    wait $job
    code=$?
    [ $took -le 30 ] || code=96
    verdict "$1" "$i" "$host$healed, told after $took s in $(grep -c '^caravan: .*starting again' log) line" $code
    [ "$1" = off ] || "$root/scripts/cluster-sim.sh" heal $host
  done
  "$root/scripts/cluster-sim.sh" down
}

[ $# -gt 0 ] || set -- kill:50 saving:20 stall:10 signal:10 damage:200 inputs:100000 full:5 matrix:1 cut:10 off:5
for fault in "$@"; do
  times=${fault#*:}
  [ "$times" != "$fault" ] || times=1
  case ${fault%%:*} in
  kill) kill_ranks "$times" ;;
  saving) kill_saving "$times" ;;
  stall) stall "$times" ;;
  signal) signals "$times" ;;
  damage) damage "$times" ;;
  inputs) inputs "$times" ;;
  full) full "$times" ;;
  matrix) matrix ;;
  cut | off) lost "${fault%%:*}" "$times" ;;
  *) echo "there is no fault ${fault%%:*}: see $0" >&2; exit 64 ;;
  esac
done
exit $bad
