#!/bin/sh
# GRU4Rec with learning rates 0.01, 0.001, 0.0001, dropout 0 to 0.5 and 1 to 3 layers, 54 jobs a part.
# Parts and options: see run.sh.
#   scripts/baselines/GRU4Rec.sh DATASET OUT [PART ...] [-- OPTIONS]
exec "$(dirname "$0")/run.sh" GRU4Rec "$@"
