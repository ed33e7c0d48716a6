"""The files of rerank.py: candidates in, lists of items out."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import csv as arrow_csv

# Columns that tell rows apart; all others are features.
NO_FEATURES = ("session", "session_id", "item", "label", "locale")


class Candidates:
    """Candidates session by session, in the order of the file."""

    features: list[str]
    # [rows, features], NaN where a field is empty.
    values: np.ndarray
    # [rows], or None: whether the item is the answer.
    labels: np.ndarray | None
    # [rows] of text, where they were asked for.
    items: pa.ChunkedArray | None
    # [sessions]: its number, its first row, how many rows it has.
    numbers: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    # [sessions] of text, or None.
    locales: list[str] | None
    ids: list[str] | None

    @staticmethod
    def read(path: Path, without: set = frozenset(), items: bool = False, answered: bool = False) -> "Candidates":
        """Reads a file piece by piece, twice: what its sessions are, then the numbers of their rows.

        items: whether to keep what the items are called.
        answered: whether to keep those sessions alone whose answer is among their candidates.
        """
        names = header(path)
        unknown = set(without) - set(names)
        if unknown:
            raise ValueError(f"{path} has no features {', '.join(sorted(unknown))}")
        self = Candidates()
        self.features = [name for name in names if name not in NO_FEATURES and name not in without]
        is_kept = self._read_sessions(path, names, answered)
        self._read_values(path, is_kept, items)
        return self

    def _read_sessions(self, path: Path, names: list[str], answered: bool) -> np.ndarray:
        """Which sessions there are; returns which rows are kept."""
        texts = [name for name in ("session_id", "locale") if name in names]
        labels = ["label"] if "label" in names else []
        numbers, lengths, answers, firsts = [], [], [], {name: [] for name in texts}
        last = None
        for batch in batches(path, ["session", "item", *labels, *texts]):
            part = batch.column("session").to_numpy()
            is_first = np.append(part[:1] != last, part[1:] != part[:-1])
            last = part[-1]
            numbers.append(part)
            lengths.append(pc.binary_length(batch.column("item")).to_numpy())
            answers += [batch.column(name).to_numpy() for name in labels]
            for name in texts:
                firsts[name] += batch.column(name).filter(pa.array(is_first)).to_pylist()
        if not numbers:
            raise ValueError(f"{path} has no candidates")
        numbers = np.concatenate(numbers)
        begins = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
        self.numbers = numbers[begins]
        if len(np.unique(self.numbers)) != len(begins):
            raise ValueError("the rows of a session do not stand together")
        # A session without candidates has a row without an item, which is no candidate.
        is_kept = np.concatenate(lengths) > 0
        self.labels = np.concatenate(answers) if labels else None
        self.locales, self.ids = firsts.get("locale"), firsts.get("session_id")
        self.all_count = len(begins)
        if answered and labels:
            is_answered = np.add.reduceat(self.labels, begins, dtype=np.int64) > 0
            is_kept &= np.repeat(is_answered, np.diff(np.append(begins, len(numbers))))
        self.sizes = np.add.reduceat(is_kept, begins, dtype=np.int64)
        self.starts = np.cumsum(self.sizes) - self.sizes
        self.labels = self.labels[is_kept] if labels else None
        return is_kept

    def _read_values(self, path: Path, is_kept: np.ndarray, items: bool):
        self.values = np.empty((np.count_nonzero(is_kept), len(self.features)), np.float32)
        kept, row, place = [], 0, 0
        for batch in batches(path, [*(["item"] if items else []), *self.features]):
            chosen = batch.filter(pa.array(is_kept[row:row + batch.num_rows]))
            row += batch.num_rows
            for column, name in enumerate(self.features):
                self.values[place:place + chosen.num_rows, column] = chosen.column(name).to_numpy(zero_copy_only=False)
            place += chosen.num_rows
            kept += [chosen.column("item")] if items else []
        self.items = pa.chunked_array(kept, pa.string()) if items else None

    @property
    def session_count(self) -> int:
        return len(self.numbers)

    def rows_of(self, sessions) -> np.ndarray:
        """The rows of some sessions, by their places."""
        return np.flatnonzero(np.repeat(np.isin(np.arange(self.session_count), sessions), self.sizes))


def batches(path: Path, columns: list[str]):
    """Some columns of a file, as batches of rows. An empty feature is none, an empty text is a text."""
    types = {"session": pa.int64(), "label": pa.int8()}
    types |= {name: pa.string() for name in ("item", "session_id", "locale")}
    options = arrow_csv.ConvertOptions(
        column_types={name: types.get(name, pa.float32()) for name in columns}, include_columns=columns,
        null_values=[""], strings_can_be_null=False)
    block = arrow_csv.ReadOptions(block_size=1 << 24, use_threads=False)
    with arrow_csv.open_csv(path, read_options=block, convert_options=options) as reader:
        for batch in reader:
            if batch.num_rows > 0:
                yield batch


def header(path: Path) -> list[str]:
    with open(path, newline="", encoding="utf-8") as file:
        names = next(csv.reader(file), [])
    if "session" not in names or "item" not in names:
        raise ValueError(f"{path} is not what caravan candidates writes as CSV: it has no columns session and item")
    return names


def write_lists(asked: Candidates, places, top: int, path: Path):
    """Writes each session's first items, in the order of the sessions' numbers; the file is there whole or not at all.

    places: [rows], the rows of each session in their new order.
    """
    items = asked.items.take(pa.array(places)).to_pylist()
    is_whole = np.array_equal(np.sort(asked.numbers), np.arange(asked.session_count))
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    try:
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            # Where rows are those of a whole file, their order tells the session, as a submission has it.
            names = [] if is_whole and asked.ids is None else ["session"]
            names += [] if asked.locales is None else ["locale"]
            if path.suffix == ".csv":
                file.write(",".join([*names, "next_item_prediction"]) + "\n")
            for session in np.argsort(asked.numbers, kind="stable"):
                start = asked.starts[session]
                best = items[start:start + min(top, asked.sizes[session])]
                fields = {"locale": asked.locales and asked.locales[session]}
                fields["session"] = str(asked.numbers[session]) if asked.ids is None else asked.ids[session]
                file.write(line([(name, fields[name]) for name in names], best, path.suffix))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def line(fields: list, items: list[str], suffix: str) -> str:
    """A session's line, as caravan predict writes it."""
    if suffix == ".jsonl":
        return json.dumps(dict(fields) | {"next_item_prediction": items}, ensure_ascii=False) + "\n"
    quoted = (f'"{item}"' if "'" in item else f"'{item}'" for item in items)
    return ",".join(field(text) for text in [*(text for _, text in fields), f"[{' '.join(quoted)}]"]) + "\n"


def field(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in '",\n\r') else text
