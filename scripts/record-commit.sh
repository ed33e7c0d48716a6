#!/bin/sh
# Writes a Swift file that says which commit is being built: record-commit.sh PACKAGE FILE. The build runs it.
# "+changes" after the commit: what is compiled has changed since. "unknown": no git, or no repository.
set -eu

package=$1 file=$2
commit=unknown
# Not the repository of a folder above, as where an archive of the sources was unpacked.
if [ -e "$package/.git" ] && head=$(git -C "$package" rev-parse HEAD 2>/dev/null); then
  changes=$(git --no-optional-locks -C "$package" status --porcelain -- Package.swift Plugins Sources)
  commit=$head${changes:++changes}
fi
echo "let recordedCommit = \"$commit\"" >"$file"
