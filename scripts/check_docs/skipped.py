"""What the pages say that cannot be run, or is not Caravan's: each with its reason. The only such tables."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Skip:
    pattern: str  # of the command
    reason: str
    unless: Path | None = None  # where this is there, it is run


# A command is skipped by the first line that is found in it.
COMMANDS = [
    Skip(r"^(docker|apptainer) ", "needs a container runtime, and builds for minutes"),
    Skip(r"^sbatch |slurm-sim", "needs Slurm; scripts/slurm-torture.sh tests these files"),
    Skip(r"cluster-sim|torture\.sh", "needs root and network namespaces, and takes minutes"),
    Skip(r"--hostfile (?!hostfiles/one-node)", "needs other hosts; scripts/torture.sh has some"),
    Skip(r"scripts/(quickstart|test)\.sh", "builds; runs in CI by itself"),
    Skip(r"scripts/(install|docs|check-install|check-library|install-dependencies)\.sh|^swift ",
         "builds, or changes the system"),
    Skip(r"\.build/release/caravan ", "is of a copy with another model; scripts/check-extending.sh does it"),
    Skip(r"^export PATH=", "the executable that is checked is the one of CARAVAN"),
    Skip(r"--calibrate", "measures for a minute"),
    Skip(r"^pip install|^python -c", "for an environment of Python that is the reader's"),
    Skip(r"recbole_import", "needs a model of RecBole's; PythonTests has some"),
    Skip(r"imported", "needs what recbole_import.py makes"),
    Skip(r"scripts/parquet\.py", "loads pyarrow", unless=ROOT / ".build/parquet-environment/packages"),
    Skip(r"scripts/rerank\.py", "loads LightGBM", unless=ROOT / ".build/rerank-environment/packages"),
]

# Options that pages name in backticks and that are of other programs.
OTHERS_OPTIONS = {
    "mpirun": "--allow-run-as-root --bind-to --hostfile --map-by --mca --oversubscribe --prtemca --quiet",
    "Slurm": "--array --batch --mpi --nodes --requeue --signal --time",
    "the model of docs/extending.md": "--last-clicks",
    "Swift": "--static-swift-stdlib --filter",
    "Docker": "--shm-size",
    "TensorBoard": "--logdir",
    "scripts of this repository in sh": "--uninstall --rate",
}

# Files that pages name and that their readers write.
READERS_FILES = {"Sources/Models/LastFew.swift"}


def skip_of(command: str) -> Skip | None:
    for skip in COMMANDS:
        if re.search(skip.pattern, command, re.MULTILINE):
            return None if skip.unless and skip.unless.exists() else skip
    return None
