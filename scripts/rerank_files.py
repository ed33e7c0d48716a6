"""The files of rerank.py: candidates in, lists of items out."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
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
    def read(path: Path, without: set = frozenset(), items: bool = False) -> "Candidates":
        """Reads a file piece by piece: what is kept of a row is its numbers, and its item where that is asked for."""
        names = header(path)
        features = [name for name in names if name not in NO_FEATURES and name not in without]
        unknown = set(without) - set(names)
        if unknown:
            raise ValueError(f"{path} has no features {', '.join(sorted(unknown))}")
        texts = [name for name in ("session_id", "locale") if name in names]
        wanted = ["session", *texts, *(["item"]), *(["label"] if "label" in names else []), *features]
        types = {name: pa.float32() for name in features}
        types |= {"session": pa.int64(), "label": pa.int8()} | {name: pa.string() for name in ("item", *texts)}
        options = arrow_csv.ConvertOptions(
            column_types=types, include_columns=wanted, null_values=[""], strings_can_be_null=False)
        values, sessions, labels, kept, firsts = [], [], [], [], {name: [] for name in texts}
        last = None
        with arrow_csv.open_csv(
            path, read_options=arrow_csv.ReadOptions(block_size=1 << 24), convert_options=options
        ) as reader:
            for batch in reader:
                numbers = batch.column("session").to_numpy()
                is_first = np.append(numbers[:1] != last, numbers[1:] != numbers[:-1])
                last = numbers[-1] if len(numbers) else last
                for name in texts:
                    firsts[name] += batch.column(name).filter(pa.array(is_first)).to_pylist()
                # A session without candidates has a row without an item, which is no candidate.
                is_real = np.not_equal(pa.compute.binary_length(batch.column("item")).to_numpy(), 0)
                sessions.append((numbers, is_real))
                real = batch.filter(pa.array(is_real))
                values.append(np.column_stack([real.column(name).to_numpy(zero_copy_only=False) for name in features]))
                if "label" in names:
                    labels.append(real.column("label").to_numpy())
                if items:
                    kept.append(real.column("item"))
        if not sessions:
            raise ValueError(f"{path} has no candidates")
        self = Candidates()
        self.features = features
        self.values = np.concatenate(values)
        self.labels = np.concatenate(labels) if labels else None
        self.items = pa.chunked_array(kept, pa.string()) if items else None
        self._group(np.concatenate([part for part, _ in sessions]), np.concatenate([part for _, part in sessions]))
        self.locales, self.ids = firsts.get("locale"), firsts.get("session_id")
        return self

    def _group(self, numbers, is_real):
        begins = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
        self.numbers = numbers[begins]
        if len(np.unique(self.numbers)) != len(begins):
            raise ValueError("the rows of a session do not stand together")
        self.sizes = np.add.reduceat(is_real.astype(np.int64), begins)
        self.starts = np.cumsum(self.sizes) - self.sizes

    @property
    def session_count(self) -> int:
        return len(self.numbers)

    def rows_of(self, sessions) -> np.ndarray:
        """The rows of some sessions, by their places."""
        return np.flatnonzero(np.repeat(np.isin(np.arange(self.session_count), sessions), self.sizes))


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
