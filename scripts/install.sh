#!/bin/sh
# Installs caravan for everybody: one executable that needs no Swift, completions for bash, zsh and fish, and man pages.
#
#   scripts/install.sh [PREFIX]               into PREFIX: /usr/local as root, else ~/.local
#   scripts/install.sh --uninstall [PREFIX]   removes what it installed there
#
# Builds first, in a folder of its own (.build/install): 5 minutes on 2 cores. CARAVAN=path installs that executable
# without a build. Where it runs, there must be Open MPI, oneDNN and OpenSSL, which on Debian 12 are the packages
# openmpi-bin, libdnnl2 and libssl3.
set -eu
cd "$(dirname "$0")/.."

uninstall=no
if [ "${1-}" = --uninstall ]; then
  uninstall=yes
  shift
fi
case "${1-}" in
-*) echo "scripts/install.sh [--uninstall] [PREFIX]: there is no option $1" >&2 && exit 64 ;;
esac
if [ "$(id -u)" -eq 0 ]; then prefix=${1:-/usr/local}; else prefix=${1:-$HOME/.local}; fi
case "$prefix" in
/*) ;;
*) prefix=$PWD/$prefix ;;
esac

bash_file=$prefix/share/bash-completion/completions/caravan
zsh_file=$prefix/share/zsh/site-functions/_caravan
fish_file=$prefix/share/fish/vendor_completions.d/caravan.fish
manual=$prefix/share/man/man1

if [ $uninstall = yes ]; then
  rm -f "$prefix/bin/caravan" "$bash_file" "$zsh_file" "$fish_file" "$manual"/caravan.1 "$manual"/caravan-*.1
  echo "caravan is no longer in $prefix"
  exit 0
fi

# Before minutes of building: can it be written there?
for folder in "$prefix/bin" "$(dirname "$bash_file")" "$(dirname "$zsh_file")" "$(dirname "$fish_file")" "$manual"; do
  if ! mkdir -p "$folder" 2>/dev/null || ! [ -w "$folder" ]; then
    echo "cannot write to $folder: give a PREFIX of your own, such as scripts/install.sh ~/.local" >&2
    exit 1
  fi
done

if [ -n "${CARAVAN-}" ]; then
  built=$CARAVAN
else
  swift build -c release --product caravan --static-swift-stdlib --scratch-path .build/install
  built=$(swift build -c release --static-swift-stdlib --scratch-path .build/install --show-bin-path)/caravan
fi

# All of it is made beside its place first: what fails leaves the old one as it was, and a job that runs keeps its own.
work=$(mktemp -d)
trap 'rm -rf "$work" "$prefix/bin/.caravan.$$"' EXIT
cp "$built" "$work/caravan"
# Without what debuggers read of source lines; the names of functions stay, for backtraces.
if command -v strip >/dev/null 2>&1; then strip --strip-debug "$work/caravan"; fi
for shell in bash zsh fish; do "$work/caravan" --generate-completion-script $shell >"$work/$shell"; done
# Where the scripts offer nothing for an option's value, shells offer files, which most of these values are.
sed -i 's/^complete -o filenames /complete -o filenames -o default -o bashdefault /' "$work/bash"
sed -i "s/:file:'/:file:_files'/; s/:folder:'/:folder:_files -\/'/" "$work/zsh"
sed -i "s/ -rfka ''\$/ -r/" "$work/fish"
mkdir "$work/man1"
"$work/caravan" manual "$work/man1"

install -m 755 "$work/caravan" "$prefix/bin/.caravan.$$"
mv -f "$prefix/bin/.caravan.$$" "$prefix/bin/caravan"
install -m 644 "$work/bash" "$bash_file"
install -m 644 "$work/zsh" "$zsh_file"
install -m 644 "$work/fish" "$fish_file"
# Pages of commands that are no more go.
rm -f "$manual"/caravan.1 "$manual"/caravan-*.1
install -m 644 "$work"/man1/*.1 "$manual"

echo "installed $("$prefix/bin/caravan" --version | head -n 1) as $prefix/bin/caravan, its completions and man pages below $prefix/share"
case ":$PATH:" in
*":$prefix/bin:"*) ;;
*) echo "put it into your PATH: export PATH=\"$prefix/bin:\$PATH\"" ;;
esac
