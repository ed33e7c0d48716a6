#!/bin/bash
# Jobs of hostfiles/slurm.sbatch in the Slurm of slurm-sim.sh, disturbed while nobody helps them. Each must end, and its
# model must have the bytes of a run that nothing disturbed. As root, on a machine that can do what slurm-sim.sh needs.
#
#   scripts/slurm-torture.sh [TIMES] [FAULT …]    each fault TIMES (5) times; all of them, or those that are named
#
#   limit    a time limit of one minute, for what takes more than two
#   stop     scancel --batch --signal=USR1 at a random moment, from the first tenth of a second on
#   cancel   scancel at a random moment; then the same job anew
#   kill     SIGKILL to a rank
#   off      a node is switched off, and comes back half a minute later: that of the batch script, or the other
#   cut      the link of such a node is cut, and put back half a minute later
#   urgent   another job takes the nodes for a while
#
# CARAVAN is the executable, the release build unless it is set. OUT, .build/slurm-torture, has the runs and the logs of
# jobs and daemons; it must not lie under /tmp, which each node has for itself. SEED=N repeats the moments of another run.
# About 6 minutes a time for all of it on two cores that do nothing else, half of that for `limit`. Exit code 77 where it
# cannot run.
set -euo pipefail
cd "$(dirname "$0")/.."
sim=$PWD/scripts/slurm-sim.sh
cluster=$PWD/scripts/cluster-sim.sh
script=$PWD/hostfiles/slurm.sbatch

times=5
if [[ ${1:-} =~ ^[1-9][0-9]*$ ]]; then times=$1; shift; fi
faults=("$@")
if [ $# -eq 0 ]; then faults=(limit stop cancel kill off cut urgent); fi
for fault in "${faults[@]}"; do
  case $fault in
  limit | stop | cancel | kill | off | cut | urgent) ;;
  *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2; exit 64 ;;
  esac
done

"$sim" can || exit $?
caravan=$(realpath -e "${CARAVAN:-.build/release/caravan}") || { echo "build caravan first" >&2; exit 1; }
out=${OUT:-$PWD/.build/slurm-torture}
seed=${SEED:-$((SRANDOM % 100000))}
RANDOM=$seed
rm -rf "$out"
mkdir -p "$out"
cd "$out"
PATH=$(dirname "$caravan"):$PATH
export PATH OMP_NUM_THREADS=1

"$sim" up 3
trap 'code=$?; cp "${TMPDIR:-/tmp}"/caravan-sim/slurm/*.log .; "$sim" down; exit $code' EXIT
trap 'exit 1' INT TERM HUP

# pause MILLISECONDS
pause() { sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"; }

# submit NAME STEPS [options of sbatch …]: prints the job's number. The batch script runs on sim2: sim1 has the controller.
submit() {
  local name=$1 steps=$2
  shift 2
  "$sim" run sbatch --parsable --nodelist=sim2,sim3 --nodes=2 --ntasks-per-node=2 --output="$name.log" "$@" \
    "$script" "runs/$name" "${options[@]}" --max-steps "$steps"
}

# field JOB NAME: what scontrol says of it, such as JobState.
field() { "$sim" run scontrol -o show job "$1" | grep -oE "(^| )$2=[^ ]*" | cut -d = -f 2-; }

# Waits until the job has left the queue; prints its state.
finish() {
  local waited=0
  while [ -n "$("$sim" run squeue -h -j "$1" -o %T)" ]; do
    if [ $((waited += 1)) -gt 1800 ]; then echo "STILL IN THE QUEUE"; return; fi
    sleep 1
  done
  field "$1" JobState
}

# begin JOB: waits until it is running.
begin() { until [ "$("$sim" run squeue -h -j "$1" -o %T)" = RUNNING ]; do sleep 0.2; done; }

sum() { sha256sum <"runs/$1/checkpoints/latest/model.safetensors" | cut -d ' ' -f 1; }

# The node of the batch script, or the other.
node() { echo "sim$((2 + RANDOM % 2))"; }

# disturb FAULT JOB NAME STEPS
disturb() {
  local fault=$1 job=$2 name=$3 steps=$4 where
  case $fault in
  limit) ;;
  stop)
    begin "$job"
    pause $((RANDOM % 10000))
    "$sim" run scancel --batch --signal=USR1 "$job" || echo "it had ended" >>"$name.notes"
    ;;
  cancel)
    begin "$job"
    pause $((RANDOM % 10000))
    "$sim" run scancel "$job" || echo "it had ended" >>"$name.notes"
    finish "$job" >>"$name.notes"
    job=$(submit "$name" "$steps")
    ;;
  kill)
    begin "$job"
    # As soon as it has started its ranks, or later.
    pause $((2000 + RANDOM % 10000))
    for pid in $(ip netns pids "caravan-sim-$((2 + RANDOM % 2))"); do
      if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = caravan ]; then kill -KILL "$pid"; break; fi
    done
    ;;
  off | cut)
    begin "$job"
    # An mpirun whose daemons are just starting would wait for one that is cut off until the job's time limit.
    until [ -e "runs/$name/log.txt" ]; do sleep 0.2; done
    pause $((RANDOM % 10000))
    where=$(node)
    if [ "$fault" = off ]; then "$sim" off "$where"; else "$cluster" cut "$where"; fi
    echo "$fault $where" >>"$name.notes"
    sleep 30
    if [ "$fault" = off ]; then "$sim" on "$where"; else "$cluster" heal "$where"; fi
    ;;
  urgent)
    begin "$job"
    pause $((RANDOM % 10000))
    "$sim" run sbatch -Q --partition=urgent --nodelist=sim2,sim3 --nodes=2 --ntasks-per-node=4 --output=/dev/null \
      --wrap 'sleep 10'
    ;;
  esac
  echo "$job"
}

echo "seed $seed; runs and logs: $out"
caravan synth --out sessions --n-sessions 20000 --items 4000 >/dev/null
caravan prepare --sessions sessions/sessions_train.csv --test sessions/sessions_test.csv --out data >/dev/null
options=(--dataset data --model GRU4Rec --preset recbole --batch-size 128 --epochs 1000 --stopping-step 1000)

# How much is worth two and a half minutes here, and what else is long enough to be disturbed.
begun=$SECONDS
job=$(submit speed 500)
[ "$(finish "$job")" = COMPLETED ] || { cat speed.log; exit 1; }
long=$((500 * 150 / (SECONDS - begun)))
short=$((long / 10))

declare -A expected
failures=0
for ((time = 1; time <= times; time++)); do
  for fault in "${faults[@]}"; do
    name=$fault-$time steps=$short limits=()
    # Slurm sends the signal up to half a minute sooner.
    if [ "$fault" = limit ]; then steps=$long limits=(--time=1 --signal=B:USR1@5); fi
    if [ -z "${expected[$steps]:-}" ]; then
      caravan train --out "runs/undisturbed-$steps" "${options[@]}" --max-steps "$steps" >"undisturbed-$steps.log" 2>&1
      expected[$steps]=$(sum "undisturbed-$steps")
      echo "undisturbed: $steps steps, ${expected[$steps]}"
    fi
    job=$(submit "$name" "$steps" "${limits[@]}")
    job=$(disturb "$fault" "$job" "$name" "$steps")
    state=$(finish "$job")
    restarts=$(field "$job" Restarts)
    verdict=same
    if [ "$state" != COMPLETED ]; then verdict="NOT FINISHED ($state)"
    elif [ "$(sum "$name")" != "${expected[$steps]}" ]; then verdict="OTHER BYTES"
    elif [ "$fault" = limit ] && [ "$restarts" -eq 0 ]; then verdict="NEVER REQUEUED: the machine is too fast"; fi
    printf '%-10s job %-4s restarts %-3s %s\n' "$name" "$job" "$restarts" "$verdict"
    if [ "$verdict" != same ]; then failures=$((failures + 1)); fi
  done
done
if [ "$failures" -gt 0 ]; then echo "$failures jobs were not what they should be: $out" >&2; exit 1; fi
echo "all jobs finished by themselves, with the bytes of undisturbed runs"
