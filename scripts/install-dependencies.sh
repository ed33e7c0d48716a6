#!/bin/sh
# Installs the system packages that Caravan needs and this machine lacks: Open MPI, oneDNN, OpenSSL, and what Swift builds
# with. Debian and Ubuntu; asks for sudo when not run as root. Takes a minute on a fresh machine.
set -eu

packages="libopenmpi-dev openmpi-bin libdnnl-dev libssl-dev pkg-config g++ zlib1g-dev"

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
  # Another system: fine if everything is there.
  if pkg-config --exists ompi-c 2>/dev/null && command -v mpirun >/dev/null 2>&1; then
    echo "Not a Debian system, but Open MPI is there; oneDNN (dnnl.h, libdnnl) and OpenSSL (libcrypto) must be as well."
    exit 0
  fi
  echo "This script knows Debian and Ubuntu only. Install the equivalents of: $packages" >&2
  exit 1
fi

# The arguments become the list of what is missing.
set --
for package in $packages; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || set -- "$@" "$package"
done
# Swift's package manager fetches with git.
command -v git >/dev/null 2>&1 || set -- "$@" git ca-certificates
# Swift from an archive brings no libraries but its own.
if command -v swift >/dev/null 2>&1 && ! swift build --version >/dev/null 2>&1; then
  set -- "$@" libncurses6 libsqlite3-0 libcurl4
fi

if [ $# -eq 0 ]; then
  echo "System packages: nothing is missing."
else
  echo "System packages: installing $*"
  sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      echo "Installing needs root and there is no sudo. As root: apt-get install $*" >&2
      exit 1
    fi
    sudo="sudo"
  fi
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
fi

if ! command -v swift >/dev/null 2>&1; then
  echo "Swift 6 or later is missing: see https://www.swift.org/install/linux" >&2
  exit 1
fi
if ! swift build --version >/dev/null; then
  echo "Swift does not start: install what it lacks, see https://www.swift.org/install/linux" >&2
  exit 1
fi
