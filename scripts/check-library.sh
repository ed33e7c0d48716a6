#!/bin/sh
# Builds examples/library, a package that uses Caravan's libraries, and runs it on a model that it trains: that what the
# example needs is public. Builds all of Caravan a second time: some minutes.
set -eu
cd "$(dirname "$0")/.."
swift build -c release --product caravan
caravan=$(swift build -c release --show-bin-path)/caravan
swift build -c release --package-path examples/library --scratch-path .build/library
next=$(swift build -c release --package-path examples/library --scratch-path .build/library --show-bin-path)/next
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$caravan" synth --out sessions --n-sessions 2000 --items 300
"$caravan" prepare --sessions sessions/sessions_train.csv --out data
"$caravan" train --dataset data --model COUNTS --out runs/first
item=$(head -n 1 data/items.txt)
"$next" "$item" >library
"$caravan" ask --dataset data --checkpoint runs/first --session "$item" --locale ES --json |
  sed -n '/"products"/,/^  \]/s/^      "id" : "\(.*\)",$/\1/p' >asked
cmp library asked
echo "examples/library predicts what caravan ask shows"
