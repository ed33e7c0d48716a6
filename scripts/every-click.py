#!/usr/bin/env python3
"""Recall and MRR of POP and COVISIT as GRU4Rec's authors evaluate, computed without Caravan.

    scripts/every-click.py DATASET --model COVISIT          to compare with caravan evaluate --every-click
    scripts/every-click.py DATASET --model POP --last-only  to compare with caravan evaluate

Every item of a session from the second on is a target, the answer included: to be found among all items, from the
clicks before it. With --last-only the answer alone is. A target's rank is one plus the number of items that score
higher, or as high with a lower row; here it is found the long way, by comparing the scores of all items. Nothing is
shared with Caravan but DATASET's files. Prints a line of JSON: means over all targets, and over those of each locale.
"""

import argparse
import json
from pathlib import Path

from environment import enter, fail


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", metavar="DATASET", type=Path, help="what caravan prepare made")
    parser.add_argument("--model", required=True, choices=["POP", "COVISIT"])
    parser.add_argument("--split", default="test", choices=["train", "valid", "test"], help="(default: test)")
    parser.add_argument("--top", default=20, type=int, help="the cut-off (default: 20)")
    parser.add_argument("--last-only", action="store_true", help="a session's answer is its only target")
    parser.error = lambda message: fail(f"{message}: see --help", 2)
    return parser.parse_args()


GIVEN = arguments()
enter("numpy")
import numpy as np  # noqa: E402: it is there from here on

DTYPES = {"I64": "<i8", "I32": "<i4", "U16": "<u2", "U8": "u1"}
# Codes of data sets whose dataset.json does not name their locales.
LOCALES = ["UK", "DE", "JP", "ES", "FR", "IT"]
WITHOUT_LOCALE = 65535


def tensors(path: Path) -> dict:
    """The arrays of a safetensors file: the length of a header in 8 bytes, the header in JSON, the numbers."""
    content = path.read_bytes()
    begin = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:begin])
    header.pop("__metadata__", None)
    return {name: array(content[begin:], **entry) for name, entry in header.items()}


def array(numbers: bytes, dtype: str, shape: list[int], data_offsets: list[int]):
    return np.frombuffer(numbers[slice(*data_offsets)], DTYPES[dtype]).reshape(shape)


class Split:
    """Sessions one behind the other, each one's answer behind its clicks."""

    def __init__(self, path: Path):
        file = tensors(path)
        lengths = np.diff(file["offsets"]) + 1
        self.items = np.insert(file["items"], file["offsets"][1:], file["target"]).astype(np.int64)
        self.sessions = np.repeat(np.arange(len(lengths)), lengths)
        locales = file.get("locale", np.full(len(lengths), WITHOUT_LOCALE))
        self.locales = np.repeat(locales, lengths).astype(np.int64)
        # An answer that is not known is 0, and no item.
        known = self.items > 0
        self.items, self.sessions, self.locales = self.items[known], self.sessions[known], self.locales[known]

    def pairs(self):
        """The places of all clicks that have one before them in their session."""
        return np.flatnonzero(self.sessions[1:] == self.sessions[:-1]) + 1

    def answers(self):
        return np.flatnonzero(np.append(self.sessions[1:] != self.sessions[:-1], True))


class Counts:
    """What occurred in the training sessions, and what followed what."""

    def __init__(self, train: Split, rows: int):
        self.train, self.rows = train, rows
        self.overall = np.bincount(train.items, minlength=rows)
        places = train.pairs()
        pairs, self.times = np.unique(train.items[places - 1] * rows + train.items[places], return_counts=True)
        self.before, self.after = np.divmod(pairs, rows)

    def popularity(self, locale: int):
        """By row: more occurrences in the locale are more, of equal ones more in all; what is equal stays equal."""
        own = np.bincount(self.train.items[self.train.locales == locale], minlength=self.rows)
        if locale == WITHOUT_LOCALE:
            own = self.overall
        return np.unique(own * (self.overall.max() + 1) + self.overall, return_inverse=True)[1]

    def followers(self, item: int):
        """By row: how often it followed the item."""
        begin, end = np.searchsorted(self.before, [item, item + 1])
        followers = np.zeros(self.rows, np.int64)
        followers[self.after[begin:end]] = self.times[begin:end]
        return followers


def ranks(counts: Counts, split: Split, targets):
    """The rank of each target, by its place in the split."""
    ranks = np.zeros(len(targets), np.int64)
    lasts = split.items[targets - 1]
    for locale in np.unique(split.locales[targets]):
        popularity = counts.popularity(locale)
        for last in np.unique(lasts[split.locales[targets] == locale]):
            scores = popularity
            if GIVEN.model == "COVISIT":
                # What followed more often comes first, then what is more popular: there are fewer places than rows.
                scores = counts.followers(last) * counts.rows + popularity
            for place in np.flatnonzero((lasts == last) & (split.locales[targets] == locale)):
                target = split.items[targets[place]]
                # Row 0 is padding.
                higher = np.count_nonzero(scores[1:] > scores[target])
                ranks[place] = 1 + higher + np.count_nonzero(scores[1:target] == scores[target])
    return ranks


def figures(ranks) -> dict:
    found = ranks <= GIVEN.top
    # One after the other, as Caravan adds them: np.sum adds in pairs, which has other last digits.
    sums = [np.cumsum(gains)[-1] for gains in (found * 1.0, found / ranks)]
    recall, mrr = (float(total) / len(ranks) for total in sums)
    return {f"recall@{GIVEN.top}": recall, f"mrr@{GIVEN.top}": mrr, "targets": len(ranks)}


def main():
    manifest = json.loads((GIVEN.dataset / "dataset.json").read_text())
    split = Split(GIVEN.dataset / f"{GIVEN.split}.safetensors")
    if not manifest["splits"][GIVEN.split]["hasAnswers"]:
        raise ValueError(f"its {GIVEN.split} sessions have no answers")
    targets = split.answers() if GIVEN.last_only else split.pairs()
    # Row 0 is padding.
    counts = Counts(Split(GIVEN.dataset / "train.safetensors"), rows=manifest["items"] + 1)
    found = ranks(counts, split, targets)
    result = figures(found)
    names = dict(enumerate(manifest.get("locales", LOCALES)))
    locales = split.locales[targets]
    result["locales"] = {
        names[code]: figures(found[locales == code]) for code in np.unique(locales) if code != WITHOUT_LOCALE
    }
    if not result["locales"]:
        del result["locales"]
    print(json.dumps(result))


try:
    main()
except (OSError, ValueError, KeyError) as error:
    fail(f"{GIVEN.dataset} cannot be used: {error}")
