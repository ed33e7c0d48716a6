#!/bin/bash
# The search of sweep.yaml as an array of Slurm jobs, a training each, and its report once they have ended. Called where
# sbatch is; Caravan, OUT and DATASET, a prepared data set, are where all nodes see them.
#
#   examples/cluster-sweep/slurm.sh OUT DATASET [options of sbatch, such as --nodes=1 --ntasks-per-node=8]
#
#   OPTIONS=…       options of all trainings in place of "--model GRU4Rec --targets last --batch-size 256 --epochs 4"
#   CARAVAN=…       the executable of the report, where PATH does not lead to it
set -euo pipefail
if [ $# -lt 2 ]; then sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2; exit 64; fi
mkdir -p "$1"
out=$(cd "$1" && pwd) dataset=$(cd "$2" && pwd)
shift 2
# slurm-array.sbatch looks for slurm.sbatch from there.
cd "$(dirname "$0")/../.."
read -ra options <<<"${OPTIONS:---model GRU4Rec --targets last --batch-size 256 --epochs 4}"

# A line a job. Lines may be added behind the last one: what has ended ends again at once.
for lr in 0.02 0.01 0.005; do
  for dropout in 0.1 0.3; do echo "--lr $lr --dropout $dropout"; done
done >"$out/points"

array=$(sbatch --parsable "$@" --array="1-$(wc -l <"$out/points")" --output="$out/job-%a.out" \
  hostfiles/slurm-array.sbatch "$out/array" "$out/points" --dataset "$dataset" "${options[@]}")
report=$(printf '%q report %q/*/ --out %q --force' "${CARAVAN:-caravan}" "$out/array" "$out/report.html")
sbatch --parsable --dependency="afterany:$array" --job-name=caravan-report --output="$out/report.out" \
  --ntasks=1 --wrap "$report" >/dev/null
echo "array $array of $(wc -l <"$out/points") jobs: $out/array; then $out/report.html"
