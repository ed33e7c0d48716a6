"""What scripts/check-docs.sh starts: see there."""

import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pages
import running
import shelf
import text
from options import Options
from skipped import ROOT


def main(names: list[str]) -> int:
    begin = time.monotonic()
    caravan = os.environ["CARAVAN"]
    every = {path: pages.read(path, ROOT) for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}
    chosen = [page for page in every.values() if not names or page.name in names]
    if names and len(chosen) != len(set(names)):
        print(f"these are the pages: {' '.join(page.name for page in every.values())}", file=sys.stderr)
        return 64
    options = Options(caravan)
    complaints = [complaint for page in chosen for complaint in text.complaints(page, every, options)]

    work = Path(os.environ.get("WORK") or tempfile.mkdtemp(prefix="check-docs-")).resolve()
    try:
        prepare(work, caravan)
        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(lambda page: running.run(page, work, options), chosen))
    finally:
        if "WORK" not in os.environ:
            shutil.rmtree(work, ignore_errors=True)
    for outcome in outcomes:
        complaints += outcome.complaints
        for command, reason in outcome.skipped:
            print(f"not run, {reason}: {outcome.page.name}:{command.line}: {' '.join(command.text.split())}")
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    ran, skipped = sum(outcome.ran for outcome in outcomes), sum(len(outcome.skipped) for outcome in outcomes)
    print(f"{len(chosen)} pages: {ran} commands run, {skipped} not, {len(complaints)} things wrong, "
          f"in {time.monotonic() - begin:.0f} s")
    return 1 if complaints else 0


def prepare(work: Path, caravan: str):
    """The made-up files, and a `caravan` that trains shorter."""
    (work / "bin").mkdir(parents=True, exist_ok=True)
    stand_in = work / "bin/caravan"
    stand_in.write_text(f'#!/bin/sh\nexec python3 "{Path(__file__).parent}/smaller.py" "{Path(caravan).resolve()}" "$@"\n')
    stand_in.chmod(0o755)
    shelf.fill(work / "shelf", caravan)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
