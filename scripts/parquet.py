#!/usr/bin/env python3
"""Parquet in and out: what `caravan` reads and writes is text.

    scripts/parquet.py IN.parquet OUT.csv       for `caravan prepare` and `predict`; .tsv likewise
    scripts/parquet.py IN.csv OUT.parquet       sessions, clicks, or what `caravan predict` wrote; .tsv, .jsonl

Lists of items are text as NumPy prints it, on one line: ['B08Q3FZCCD' 'B09X4J194K'], or [214 533]. Times are ISO 8601
in UTC; those without a zone are taken for UTC. What is missing is an empty field; an item that is missing is an error.

The other way a column becomes lists, whole numbers, times or floats where each of its fields is printed like that, so
that the way back gives the same text; else it stays text. A file may be larger than the memory: it is read piece by
piece, text twice, since types are known at its end only.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from environment import enter, fail

TEXT = (".csv", ".tsv")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", metavar="IN", type=Path, help="ends in .parquet, .csv, .tsv or .jsonl")
    parser.add_argument("target", metavar="OUT", type=Path, help="ends in .csv or .tsv, or else in .parquet")
    parser.add_argument("--force", action="store_true", help="replace the file that is at OUT")
    parser.error = lambda message: fail(f"{message}: see --help", 2)
    given = parser.parse_args()
    source, target = given.source, given.target

    ways = [(".parquet", end) for end in TEXT] + [(end, ".parquet") for end in (*TEXT, ".jsonl")]
    if (source.suffix, target.suffix) not in ways:
        parser.error(f"{source.name} cannot become {target.name}: one must end in .parquet, the other in .csv")
    if not source.is_file():
        fail(f"{source} is no file")
    if not target.parent.is_dir():
        fail(f"{target.parent} is no folder: make it first")
    if os.path.lexists(target) and not given.force:
        fail(f"{target} exists: choose another name, or --force to replace it")

    enter("parquet")
    import pyarrow
    from parquet_files import read_parquet, write_parquet

    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    temporary = target.with_name(f".{target.name}.tmp-{os.getpid()}")
    try:
        if target.suffix == ".parquet":
            rows = write_parquet(source, temporary)
        else:
            rows = read_parquet(source, temporary, separator="\t" if target.suffix == ".tsv" else ",")
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        fail(f"{source} cannot be made {target}: {getattr(error, 'strerror', None) or error}")
    finally:
        temporary.unlink(missing_ok=True)
    print(f"{rows} rows: {target}")


if __name__ == "__main__":
    main()
