#!/usr/bin/env python3
"""Takes a model from RecBole, and back.

    scripts/recbole_import.py model.pth OUT --items tokens.txt      makes a checkpoint of caravan
    scripts/recbole_import.py --export RUN model.pth                writes a checkpoint's state_dict for PyTorch

model.pth is what RecBole's trainer saves, a state_dict, or a dict with one under `state_dict` and plain values under
`config`. It is read so that a pickle runs no code: weights, plain values, and of RecBole's own objects what they hold. tokens.txt has an item a line, row 1 first. docs/python.md shows both ways.
"""

import argparse
import os
import shutil
import signal
import sys
from pathlib import Path

from environment import enter, fail

MODELS = ["GRU4Rec", "NARM", "STAMP", "SRGNN", "CORE"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", metavar="model.pth", type=Path, help="with --export: a run or a checkpoint")
    parser.add_argument("target", metavar="OUT", type=Path, help="a folder that is made; with --export a file")
    parser.add_argument("--export", action="store_true", help="the way back")
    parser.add_argument("--items", type=Path, metavar="FILE", help="the items, one a line, without padding")
    parser.add_argument("--model", choices=MODELS, help="(default: config's, else told by the tensors' names)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="name=value",
        help="what the tensors do not tell, such as n_heads=2; may be given several times")
    parser.add_argument("--force", action="store_true", help="replace the checkpoint, or the file, that is at OUT")
    parser.error = lambda message: fail(f"{message}: see --help", 2)
    given = parser.parse_args()
    if not given.export and given.items is None:
        parser.error("--items is missing")
    if given.export and (given.items or given.model or given.set):
        parser.error("--export takes no --items, --model or --set")
    for setting in given.set:
        if "=" not in setting:
            parser.error(f"--set {setting} is not name=value")
    if not given.source.exists():
        fail(f"{given.source} does not exist")
    if os.path.lexists(given.target) and not given.force:
        fail(f"{given.target} exists: choose another name, or --force to replace it")
    return given


def main():
    given = arguments()
    enter("torch")
    import recbole_files as files

    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    temporary = given.target.with_name(f".{given.target.name}.tmp-{os.getpid()}")
    try:
        if given.export:
            folder, model, tensors = files.export(given.source, temporary)
            files.replace_file(temporary, given.target)
            print(f"{model}, {tensors} tensors of {folder}: {given.target}")
        else:
            settings = dict(setting.split("=", 1) for setting in given.set)
            model, items, notes = files.import_model(given.source, given.items, temporary, given.model, settings)
            files.replace_folder(temporary, given.target)
            for note in notes:
                print(f"note: {note}")
            print(f"{model}, {items} items: {given.target}")
    except (OSError, files.Refused) as error:
        fail(str(error))
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        else:
            temporary.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
