#!/bin/sh
# SRGNN with learning rates 0.01, 0.001, 0.0001 and 1 or 2 steps, 6 jobs a part.
# Parts and options: see run.sh.
#   scripts/baselines/SRGNN.sh DATASET OUT [PART ...] [-- OPTIONS]
exec "$(dirname "$0")/run.sh" SRGNN "$@"
