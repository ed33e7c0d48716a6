#!/bin/bash
# Does what docs/extending.md says, in a copy of the sources: writes the page's model, applies its lines, builds, runs the
# tests of models, trains 20 steps on 1 and 2 ranks and compares the bytes.
#
#   scripts/check-extending.sh [FOLDER]
#
# The copy lies in FOLDER, .build/extending unless given, and is built anew where something changed. The first time it
# builds all of Caravan: some ten minutes on 2 cores.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-.build/extending}
page=$PWD/docs/extending.md
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

next=$folder/next
rm -rf "$next"
mkdir "$next"
git ls-files -z Package.swift Plugins Sources Tests .swift-format scripts/record-commit.sh |
  xargs -0 cp --parents -t "$next"

# block LANGUAGE: the page's only code block of that language.
block() { awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } /^```/ { inside = 0 } inside' "$page"; }
block swift >"$next/Sources/Models/LastFew.swift"
lines=$(wc -l <"$next/Sources/Models/LastFew.swift")
if [ "$lines" -eq 0 ] || [ "$lines" -ge 60 ]; then
  echo "the page's model has $lines lines: it is to have fewer than 60" >&2
  exit 1
fi
cd "$next"
block diff | patch --strip=1 --quiet --fuzz=0 --no-backup-if-mismatch ||
  { echo "the lines of docs/extending.md do not fit the sources any more: write its diff anew" >&2; exit 1; }
swift format lint --strict Sources/Models/LastFew.swift Sources/Models/ModelConfiguration.swift Tests/ModelsTests/*.swift

# Only what differs is copied, and so compiled again; what is there no more goes.
find . -type f -print0 | while read -r -d '' file; do
  cmp -s "$file" "$folder/$file" || cp --parents "$file" "$folder"
done
cd "$folder"
find Sources Tests -type f -print0 | while read -r -d '' file; do
  if [ ! -e "$next/$file" ]; then rm "$file"; fi
done

export OMP_NUM_THREADS=1
mpirun="mpirun --quiet --bind-to none --oversubscribe"
# mpirun refuses to run as root unless told so.
if [ "$(id -u)" -eq 0 ]; then mpirun="$mpirun --allow-run-as-root"; fi
swift build -c release --build-tests
swift test -c release --skip-build --filter 'ModelTests|PrefixTests|StepCostTests'
caravan=$(swift build -c release --show-bin-path)/caravan

# What the page runs.
rm -rf trial && mkdir trial && cd trial
"$caravan" synth --out sessions --n-sessions 4000 --items 500
"$caravan" prepare --sessions sessions/sessions_train.csv --out data
for ranks in 1 2; do
  $mpirun -n "$ranks" "$caravan" train --dataset data --model LastFew --last-clicks 3 --max-steps 20 --out "runs/$ranks"
done
$mpirun -n 2 "$caravan" train --dataset data --model LastFew --last-clicks 3 --max-steps 20 --item-table sharded \
  --out runs/sharded
# An option's name that a command has for itself would stop that command.
"$caravan" plan --model LastFew >/dev/null
"$caravan" bench --model LastFew --items 500 --batch-size 64 --steps 2 >/dev/null
for run in 2 sharded; do
  for file in model.safetensors optimizer.safetensors state.json; do
    cmp "runs/1/checkpoints/latest/$file" "runs/$run/checkpoints/latest/$file"
  done
done
echo "docs/extending.md: a model in $lines lines, the same bytes on 1 and 2 ranks and with a sharded table"
