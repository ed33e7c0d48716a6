#!/bin/sh
# Checks README.md and docs/*.md: runs the commands of their sh blocks on small made-up data, page by page, and looks
# for links, files and options that are not there.
#
#   scripts/check-docs.sh [PAGE ...]        such as docs/data.md; all pages if none is named
#
# CARAVAN is the executable that is checked, .build/release/caravan unless it is set. WORK is a folder to keep, with
# what each page's commands made and said; otherwise one below /tmp that is removed. Fails with a line for each thing
# that is wrong, with page and line. About a minute on 2 cores. What cannot run on any machine is in
# scripts/check_docs/skipped.py, with the reason; of such commands only the options are checked.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
export CARAVAN="${CARAVAN:-$root/.build/release/caravan}"
if [ ! -x "$CARAVAN" ]; then
  echo "there is no $CARAVAN: swift build -c release --product caravan, or set CARAVAN" >&2
  exit 1
fi
# mpirun refuses to run as root unless told twice, and more ranks than cores unless told once.
if [ "$(id -u)" -eq 0 ]; then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
export OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
exec python3 "$root/scripts/check_docs" "$@"
