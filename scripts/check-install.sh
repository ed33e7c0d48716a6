#!/bin/sh
# Installs caravan into a Debian 12 of its own, which has no Swift, and runs it there: data, training on 2 ranks,
# evaluation, predictions, a question. The first time that Debian is made: a minute or two, most of it downloading.
#
#   scripts/check-install.sh [FOLDER]    as root, with debootstrap; FOLDER is .build/check-install
#
# CARAVAN=path checks that executable. Where there is another build, .build/release/caravan or OTHER=path, both must train the
# same bytes. Exit code 77 where nothing can be checked.
set -eu
cd "$(dirname "$0")/.."
if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null 2>&1; then
  echo "SKIPPED: check-install.sh wants root and debootstrap (apt-get install debootstrap)"
  exit 77
fi
mkdir -p "${1:-.build/check-install}"
folder=$(cd "${1:-.build/check-install}" && pwd)
debian=$folder/debian

# The packages that docs/install.md names, and no others.
if [ ! -e "$debian/complete" ]; then
  rm -rf "$debian"
  debootstrap --variant=minbase --include=openmpi-bin,libdnnl2,libssl3,zlib1g bookworm "$debian" ${MIRROR:-} \
    >"$folder/debootstrap.log" 2>&1 || { tail -n 5 "$folder/debootstrap.log" >&2 && exit 1; }
  touch "$debian/complete"
fi
scripts/install.sh "$debian/usr/local" >"$folder/install.log" 2>&1 ||
  { tail -n 5 "$folder/install.log" >&2 && exit 1; }

# As containers have it: mpirun looks this machine's name up.
echo "127.0.0.1 localhost $(hostname)" >"$debian/etc/hosts"
cat >"$debian/root/check.sh" <<'END'
set -eu
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1
rm -rf /root/check && mkdir /root/check && cd /root/check
if command -v swift >/dev/null; then echo "there is Swift here" >&2 && exit 1; fi
caravan --version
caravan synth --out sessions --n-sessions 4000 --items 800
caravan prepare --sessions sessions/sessions_train.csv --test sessions/sessions_test.csv \
  --truth sessions/truth_test.csv --out data
caravan run -n 2 train --dataset data --model GRU4Rec --epochs 1 --targets last --out run
mpirun -n 2 --bind-to none --oversubscribe caravan evaluate --dataset data --checkpoint run
caravan predict --dataset data --checkpoint run --sessions sessions/sessions_test.csv --out predictions.csv
caravan ask --dataset data --checkpoint run --session "$(head -n 1 data/items.txt)"
caravan doctor || echo "caravan doctor found something bad"
END

# The mounts are of this command alone, and go with it.
unshare --mount --propagation private sh -c '
  mount -t proc proc "$0/proc" && mount --rbind /sys "$0/sys" && mount --rbind /dev "$0/dev" &&
  exec chroot "$0" /bin/sh /root/check.sh' "$debian"

other=${OTHER:-.build/release/caravan}
if [ -x "$other" ]; then
  rm -rf "$folder/run"
  "$other" train --dataset "$debian/root/check/data" --model GRU4Rec --epochs 1 --targets last --out "$folder/run" \
    >"$folder/train.log" 2>&1 || { tail -n 5 "$folder/train.log" >&2 && exit 1; }
  for run in "$folder/run" "$debian/root/check/run"; do sha256sum "$run/checkpoints/latest/model.safetensors"; done
  cmp "$folder/run/checkpoints/latest/model.safetensors" "$debian/root/check/run/checkpoints/latest/model.safetensors"
  echo "the same bytes as those of $other"
fi
echo "caravan runs where there is no Swift"
