"""What the Python scripts share: virtual environments of their own, and errors of one line.

    python3 scripts/environment.py parquet      makes one before it is needed, such as for a machine without a network
"""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

NUMPY = ["numpy==2.3.5; python_version >= '3.11'", "numpy==2.2.6; python_version < '3.11'"]

PACKAGES = {
    "parquet": ["pyarrow==22.0.0"],
    "numpy": NUMPY,
    "rerank": ["lightgbm==4.6.0", "pyarrow==22.0.0", *NUMPY],
    "safetensors": ["safetensors==0.8.0", *NUMPY],
    "tensorboard": ["tensorboard==2.20.0", "setuptools==80.9.0", *NUMPY],
    "onnx": ["onnxruntime==1.32.0", "safetensors==0.8.0", *NUMPY],
    "torch": ["torch==2.13.0", "safetensors==0.8.0", *NUMPY],
}


def fail(sentence: str, status: int = 1):
    """Ends the script with one line, whatever is in it."""
    line = " ".join(sentence.split())
    print(f"{Path(sys.argv[0]).name}: {line if len(line) <= 400 else line[:400] + '…'}", file=sys.stderr)
    sys.exit(status)


def enter(name: str):
    """Goes on where the packages are installed: starts the script again there, once the environment is made."""
    folder = place(name)
    if folder.exists() and os.path.samefile(sys.prefix, folder):
        return
    python = ready(name, folder)
    os.execv(python, [str(python), *sys.argv])


def place(name: str) -> Path:
    """Beside the build, or in the user's cache where the repository cannot be written."""
    repository = Path(__file__).resolve().parent.parent
    build = repository / ".build"
    if os.access(build if build.exists() else repository, os.W_OK):
        return build / f"{name}-environment"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "caravan" / name


def ready(name: str, folder: Path) -> Path:
    """Makes the environment if it is not there; returns its interpreter."""
    python, made = folder / "bin" / "python", folder / "packages"
    wanted = "\n".join(PACKAGES[name])
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Of two scripts that are started at once, the second waits and finds it made.
        with open(f"{folder}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Written last: where it is missing, or names other versions, the environment is made anew.
            if not (python.exists() and made.exists() and made.read_text() == wanted):
                make(folder, python, PACKAGES[name])
                made.write_text(wanted)
    except OSError as error:
        fail(f"{folder} cannot be made: {error.strerror or error}")
    return python


def make(folder: Path, python: Path, packages: list[str]):
    print(f"{Path(sys.argv[0]).name}: making {folder}, once", file=sys.stderr)
    run([sys.executable, "-m", "venv", "--clear", folder], "install Python's venv (apt-get install python3-venv)")
    options = ["--quiet", "--disable-pip-version-check", "--no-compile", "--only-binary", ":all:"]
    run([python, "-m", "pip", "install", *options, *packages], "it takes Python 3.10 to 3.14 and a way to PyPI")


def run(command: list, advice: str):
    outcome = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if outcome.returncode != 0:
        lines = outcome.stdout.strip().splitlines() or [f"status {outcome.returncode}"]
        fail(f"the environment cannot be made, {advice}: {lines[-1]}")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in PACKAGES:
        fail(f"name one environment: {' or '.join(PACKAGES)}", 2)
    ready(sys.argv[1], place(sys.argv[1]))
