#!/bin/sh
# Searches a model's options the way the baselines of Amazon-M2 were searched, and fine-tunes the best:
#
#   scripts/baselines/GRU4Rec.sh DATASET OUT [PART ...] [-- OPTIONS]
#
# DATASET is a prepared data set with a valid split. The parts, all of them in this order by default:
#   all         every session                    popular     UK, DE, JP        unpopular   ES, FR, IT
#   UK DE JP ES FR IT                            one locale
#   finetune    the best of popular, handed over to ES, FR and IT with each learning rate of the grid
# Each part is a folder of OUT: `results.txt` has the table, `best` leads to the best run. OPTIONS go to caravan
# sweep, such as `-- --set epochs=5 --ranks-per-job 1`. RANKS is how many ranks are started, 2 unless it is set.
# Started again, it goes on where it was. A sweep that SIGUSR1 to mpirun has stopped ends the script with 75.
set -eu

if [ $# -lt 3 ]; then
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2
  exit 64
fi
model=$1 dataset=$2 out=$3
shift 3
parts=""
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  parts="$parts $1"
  shift
done
if [ $# -gt 0 ]; then shift; fi

every="all popular unpopular UK DE JP ES FR IT finetune"
for part in $parts; do
  case " $every " in
    *" $part "*) ;;
    *)
      echo "there is no part $part: choose from all, popular, unpopular, a locale and finetune" >&2
      exit 64
      ;;
  esac
done

root=$(cd "$(dirname "$0")/../.." && pwd)
name=$(echo "$model" | tr '[:upper:]' '[:lower:]')
caravan=${CARAVAN:-$root/.build/release/caravan}
mpirun="mpirun --quiet --bind-to none --oversubscribe -n ${RANKS:-2}"
# mpirun refuses to run as root unless told so.
if [ "$(id -u)" -eq 0 ]; then mpirun="$mpirun --allow-run-as-root"; fi
export OMP_NUM_THREADS=1

# sweep PART FILE OPTIONS
sweep() {
  part=$1 file=$2
  shift 2
  printf '\n== %s, %s\n' "$model" "$part"
  status=0
  $mpirun "$caravan" sweep "$root/configs/sweeps/$file.yaml" --set "dataset=$dataset" --out "$out/$part" "$@" || status=$?
  if [ "$status" -eq 75 ]; then echo "stopped in $part: the same command goes on from here" >&2; fi
  [ "$status" -eq 0 ] || exit "$status"
}

for part in ${parts:-$every}; do
  case $part in
    all) sweep all "$name" "$@" ;;
    popular) sweep popular "$name" --set locales=UK,DE,JP "$@" ;;
    unpopular) sweep unpopular "$name" --set locales=ES,FR,IT "$@" ;;
    finetune)
      # Done before, unless finetune was asked for alone: then only the table is printed.
      sweep popular "$name" --set locales=UK,DE,JP "$@"
      rates=finetune
      if [ "$model" = CORE ]; then rates=finetune-core; fi
      sweep finetune "$rates" --set "checkpoint=$out/popular/best" "$@"
      ;;
    *) sweep "$part" "$name" --set "locales=$part" "$@" ;;
  esac
done
