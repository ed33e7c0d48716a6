#!/bin/sh
# CORE with learning rates 0.001, 0.0001, dropout 0.2 or 0.5 and 1 or 2 layers, 8 jobs a part.
# Parts and options: see run.sh.
#   scripts/baselines/CORE.sh DATASET OUT [PART ...] [-- OPTIONS]
exec "$(dirname "$0")/run.sh" CORE "$@"
