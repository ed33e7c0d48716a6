#!/bin/bash
# A made-up shop for daily.sh: a month of clicks, of which all but the last days lie in one file and each of those in one
# of its own, as a shop would write them down. SessionId, ItemId, Time; the second of the days is compressed.
#
#   examples/click-log/make-days.sh LOG_FOLDER [SESSIONS [ITEMS [DAYS]]]     20000 sessions, 2000 items, 3 days
set -euo pipefail
if [ $# -lt 1 ]; then sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2; exit 64; fi
folder=$1 sessions=${2:-20000} items=${3:-2000} days=${4:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CARAVAN:-caravan}" synth --clicks --out "$work" --sessions "$sessions" --items "$items" >/dev/null
mkdir -p "$folder"

# A day's file has the clicks of the sessions that begin on it.
last=$(awk 'NR > 1 && $3 > last { last = $3 } END { print int(last / 86400) }' "$work/clicks.tsv")
awk -F '\t' -v days="$days" -v last="$last" -v folder="$work" '
  NR == 1 { header = $0; next }
  !($1 in day) { day[$1] = int($3 / 86400); if (day[$1] <= last - days) day[$1] = last - days }
  {
    file = folder "/day-" day[$1]
    if (!(file in begun)) { print header >file; begun[file] = 1 }
    print >file
  }' "$work/clicks.tsv"
number=0
for file in "$work"/day-*; do
  name=$folder/$(date -u -d "@$((${file##*-} * 86400))" +%F).tsv
  if [ "$number" -eq 2 ]; then gzip -n <"$file" >"$name.gz"; else cp "$file" "$name"; fi
  number=$((number + 1))
done
