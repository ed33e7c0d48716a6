"""The files that a reader has before the first command of a page, made up and small."""

import csv
import re
import subprocess
from collections import Counter
from pathlib import Path

from skipped import ROOT

PREPARE = ("caravan prepare --sessions sessions_train.csv --test sessions_test_task2.csv --truth gt_test_task2.csv "
           "--out data")


def train(*models: str) -> list[str]:
    return [f"caravan train --dataset data --model {model} --out runs/{model.lower()}" for model in models]


FIRST = "caravan train --dataset data --model GRU4Rec --out runs/first"

# What pages take for granted, beside the files: what other pages have made. Run before their first command.
MADE_BEFORE = {
    "docs/cluster.md": [PREPARE],
    "docs/files.md": [
        PREPARE, FIRST,
        "caravan predict --dataset data --checkpoint runs/first --sessions sessions_test_task2.csv --out predictions.csv",
        "scripts/parquet.py sessions_test_task2.csv sessions_test.parquet"],
    "docs/numerics.md": [PREPARE, *train("NARM")],
    "docs/python.md": [PREPARE, FIRST],
    "docs/report.md": [
        PREPARE, *train("NARM", "CORE", "SASRec"),
        "caravan sweep configs/sweeps/stamp.yaml --set dataset=data --out sweeps/stamp",
        "caravan finetune --dataset data --checkpoint runs/core --locales ES,FR --out runs/handoff"],
    "docs/running.md": [PREPARE],
    "docs/sweeps.md": [PREPARE],
    "docs/training.md": [PREPARE],
}
# Two ids that pages ask for.
ASKED_FOR = ["B07VFGXLZC", "B08TH3PY4J"]


def fill(shelf: Path, caravan: str):
    """Makes the files, under the names that pages have for them."""
    synth = [caravan, "synth", "--force", "--items", "300"]
    subprocess.run([*synth, "--out", shelf / "kdd", "--n-sessions", "1500", "--test-fraction", "0.1"], **QUIET)
    subprocess.run([*synth, "--out", shelf / "spring", "--n-sessions", "600", "--seed", "1"], **QUIET)
    for week in ("week1", "week2"):
        subprocess.run([*synth, "--clicks", "--out", shelf / week, "--n-sessions", "600", "--seed", week[-1]], **QUIET)
    sessions = (shelf / "kdd/sessions_train.csv").read_text()
    common = [item for item, _ in Counter(re.findall(r"B[0-9A-Z]{9}", sessions)).most_common(len(ASKED_FOR))]
    for made, name in {
        "kdd/sessions_train.csv": "sessions_train.csv",
        "kdd/sessions_test.csv": "sessions_test_task2.csv",
        "kdd/truth_test.csv": "gt_test_task2.csv",
        "spring/sessions_train.csv": "spring.csv",
        "week1/clicks.tsv": "week1.tsv",
        "week2/clicks.tsv": "week2.tsv",
    }.items():
        text = (shelf / made).read_text()
        for old, new in zip(common, ASKED_FOR):
            text = text.replace(old, new)
        (shelf / "files").mkdir(exist_ok=True)
        (shelf / "files" / name).write_text(text)
    (shelf / "files/clicks.tsv").write_text((shelf / "files/week1.tsv").read_text())
    products(sorted(set(re.findall(r"B[0-9A-Z]{9}", (shelf / "files/sessions_train.csv").read_text()))),
             shelf / "files/products_train.csv")


def products(items: list[str], file: Path):
    names = "id,locale,title,price,brand,color,size,model,material,author,desc".split(",")
    with open(file, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(names)
        writer.writerows([item, "ES", f"Product {item}", "9.99", "Brand", *[""] * 6] for item in items)


def lay_out(shelf: Path, folder: Path):
    """A page's folder: the files, and those parts of the repository that its commands name."""
    folder.mkdir(parents=True)
    for file in (shelf / "files").iterdir():
        (folder / file.name).symlink_to(file)
    for part in ("scripts", "configs", "hostfiles", "examples"):
        (folder / part).symlink_to(ROOT / part)


QUIET = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
