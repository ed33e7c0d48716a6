#!/bin/sh
# NARM with learning rates 0.01, 0.001, 0.0001, three pairs of dropouts and 1 or 2 layers, 18 jobs a part.
# Parts and options: see run.sh.
#   scripts/baselines/NARM.sh DATASET OUT [PART ...] [-- OPTIONS]
exec "$(dirname "$0")/run.sh" NARM "$@"
