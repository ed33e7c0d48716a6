#!/bin/sh
# STAMP with learning rates 0.01, 0.001, 0.0001, 3 jobs a part.
# Parts and options: see run.sh.
#   scripts/baselines/STAMP.sh DATASET OUT [PART ...] [-- OPTIONS]
exec "$(dirname "$0")/run.sh" STAMP "$@"
