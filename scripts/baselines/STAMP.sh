#!/bin/sh
# STAMP with learning rates 0.01, 0.001, 0.0001, 3 jobs a part: see run.sh for parts and options.
#   scripts/baselines/STAMP.sh DATASET OUT [PART ...] [-- OPTIONS]
exec "$(dirname "$0")/run.sh" STAMP "$@"
