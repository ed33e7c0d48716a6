#!/bin/sh
# Makes the pages of the libraries' public declarations with DocC, in .build/docs/site or the folder that is given. Builds
# all of Caravan once more, for what DocC reads: some minutes. To read them:
#
#   scripts/docs.sh && python3 -m http.server --directory .build/docs/site    # http://localhost:8000/documentation/
set -eu
cd "$(dirname "$0")/.."
site=${1:-.build/docs/site}
targets="MPI Tensors Sessions Models Evaluation Learning Runs Storage Catalogue"
mkdir -p "$(dirname "$site")"
# Package.swift takes DocC's plugin in for this variable alone.
export CARAVAN_DOCS=1
# shellcheck disable=SC2046
swift package --scratch-path .build/docs/build --allow-writing-to-directory "$site" \
  generate-documentation $(printf -- '--target %s ' $targets) \
  --enable-experimental-combined-documentation --disable-indexing --transform-for-static-hosting \
  --output-path "$site"
echo "pages: $site/documentation"
