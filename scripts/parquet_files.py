"""A Parquet file as text, and back, piece by piece. See parquet.py.

What is wrong with a file is a ValueError that says in which line or row.
"""

import csv
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from parquet_columns import ID_LIST, NUMBER_LIST, ColumnKind, is_printable, joined, parsed, printed

# Rows that are in memory at once.
PIECE = 1 << 14
# Bytes of a row group of Parquet.
ROW_GROUP = 64 << 20
# A longer field is taken for a quote that is never closed.
csv.field_size_limit(1 << 24)


def read_parquet(source: Path, target: Path, separator: str) -> int:
    """Writes a Parquet file as text; returns its rows."""
    # Without both, pyarrow reads a row group as a whole.
    file = pq.ParquetFile(source, pre_buffer=False, buffer_size=1 << 20)
    for column in file.schema_arrow:
        if not is_printable(column.type):
            raise ValueError(f"the column {column.name} holds {column.type}, which is no field of text: leave it out")
    names = file.schema_arrow.names
    rows = 0
    with open(target, "xb") as out:
        out.write(lines([pa.array([name]) for name in names], separator))
        for piece in file.iter_batches(batch_size=PIECE):
            columns = zip(piece.columns, names)
            out.write(lines([printed(column, name, rows + 1) for column, name in columns], separator))
            rows += len(piece)
    return rows


def lines(columns: list[pa.Array], separator: str) -> bytes:
    """Rows of text, fields in quotes where they need them."""
    # A row that is one empty field would be an empty line.
    special = f'["\r\n{separator}]' + ("|^$" if len(columns) == 1 else "")
    fields = []
    for text in columns:
        quoted = joined(['"', pc.replace_substring(text, '"', '""'), '"'], "")
        fields.append(pc.if_else(pc.match_substring_regex(text, special), quoted, text))
    return "".join(f"{line}\n" for line in joined(fields, separator).to_pylist()).encode()


def write_parquet(source: Path, target: Path) -> int:
    """Writes a file of text as Parquet; returns its rows."""
    schema, pieces = predictions(source) if source.suffix == ".jsonl" else typed(source)
    rows = 0
    with pq.ParquetWriter(target, schema) as out:
        waiting = []
        for piece in pieces:
            rows += len(piece)
            waiting.append(piece)
            if sum(piece.nbytes for piece in waiting) >= ROW_GROUP:
                out.write_table(pa.Table.from_batches(waiting))
                waiting = []
        if waiting:
            out.write_table(pa.Table.from_batches(waiting))
    return rows


Pieces = Iterator[pa.RecordBatch]


def typed(source: Path) -> tuple[pa.Schema, Pieces]:
    """What the columns of a file of text hold, and its rows."""
    kinds: dict[str, ColumnKind] = {}
    for piece in text_pieces(source):
        for name, text in zip(piece.schema.names, piece.columns):
            kinds.setdefault(name, ColumnKind()).look(text)
    schema = schema_of({name: column.kind for name, column in kinds.items()})

    def pieces() -> Pieces:
        rows = 0
        for piece in text_pieces(source):
            columns = zip(piece.columns, schema)
            arrays = [parsed(text, column.type, column.name, rows + 1) for text, column in columns]
            yield pa.record_batch(arrays, schema=schema)
            rows += len(piece)

    return schema, pieces()


def schema_of(kinds: dict[str, pa.DataType]) -> pa.Schema:
    """The columns of KDD Cup 2023 hold what the organisers' files have, whatever a file's rows happen to look like."""
    for name in {"prev_items", "next_item_prediction"} & kinds.keys():
        if kinds[name] != NUMBER_LIST:
            kinds[name] = ID_LIST
    for name in {"next_item", "locale"} & kinds.keys():
        if name == "locale" or NUMBER_LIST not in kinds.values():
            kinds[name] = pa.string()
    return pa.schema(kinds.items())


def text_pieces(source: Path) -> Pieces:
    """The rows of a file of text, every field as it stands there; first a piece without rows, for the names."""
    with open(source, newline="", encoding="utf-8-sig") as file:
        first_line = file.readline()
        file.seek(0)
        # As `caravan` finds out what separates columns.
        reader = csv.reader(file, delimiter=max(",;\t", key=first_line.count), strict=True)
        try:
            names = next(reader, [])
            if not names or len(set(names)) < len(names):
                raise ValueError(f"its first line names no columns, or two alike: {first_line[:80]}")
            yield text_piece([], names)
            rows = whole_rows(reader, names)
            while block := list(itertools.islice(rows, PIECE)):
                yield text_piece(block, names)
        except csv.Error as error:
            raise ValueError(f"line {reader.line_num}: {error}") from error


def whole_rows(reader, names: list[str]) -> Iterator[list[str]]:
    for row in reader:
        if len(row) == len(names):
            yield row
        elif row:  # a blank line is no row
            found = f"{len(row)} fields, but the first line names {len(names)} columns"
            raise ValueError(f"line {reader.line_num}: {found}")


def text_piece(rows: list[list[str]], names: list[str]) -> pa.RecordBatch:
    columns = zip(*rows) if rows else [()] * len(names)
    return pa.record_batch([pa.array(column, pa.string()) for column in columns], names)


def predictions(source: Path) -> tuple[pa.Schema, Pieces]:
    """What `caravan predict` writes as JSON lines."""
    schema = pa.schema({"locale": pa.string(), "next_item_prediction": ID_LIST})

    def pieces() -> Pieces:
        with open(source, encoding="utf-8") as file:
            numbered = enumerate(file, 1)
            while block := list(itertools.islice(numbered, PIECE)):
                yield pa.RecordBatch.from_pylist([prediction(line, number) for number, line in block], schema)

    return schema, pieces()


def prediction(line: str, number: int) -> dict:
    try:
        row = json.loads(line)
        items = row["next_item_prediction"]
        if len(row) == 2 and all(type(text) is str for text in [row["locale"], *items]) and type(items) is list:
            return row
    except (KeyError, TypeError, ValueError):
        pass
    raise ValueError(f'line {number}: it is no {{"locale": "ES", "next_item_prediction": ["B0…"]}}: {line[:80]}')
