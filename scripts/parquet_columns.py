"""A column of Parquet as text, and back. See parquet.py.

What is wrong with a field is a ValueError that says in which row.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

MOMENTS = [pa.timestamp(unit, "UTC") for unit in ("ms", "us", "ns")]
NUMBERS = [pa.int64(), pa.float64()]
ID_LIST, NUMBER_LIST = pa.list_(pa.string()), pa.list_(pa.int64())

# A list as NumPy, Python and JSON print it: all items in quotes, or none. NumPy's `...`, which stands for items that
# it left out, and `214.`, a number that became a fraction beside missing ones, are no items.
QUOTED = r"""(?:'[^'\\\n]+'|"[^"\\\n]+")"""
BARE = r"""(?!\.\.\.|\d+\.[\s,\]])[^\s,'"\[\]\\]+"""
SEPARATOR = r"(?:\s*,\s*|\s+)"
LIST = re.compile(rf"\[\s*(?:{QUOTED}(?:{SEPARATOR}{QUOTED})*|{BARE}(?:{SEPARATOR}{BARE})*)?\s*\]")
ITEM = re.compile(rf"{QUOTED}|{BARE}")
# For Arrow's expressions.
NUMBER = "(?:0|-?[1-9][0-9]{0,17})"
LIST_OF_TEXTS = r"""^(?s:\[\s*(?:['"].*)?\])$"""
LIST_OF_NUMBERS = rf"^\[\s*(?:{NUMBER}(?:{SEPARATOR}{NUMBER})*)?\s*\]$"
# What would not be read back.
NO_ITEM = r"""^$|[\x00-\x1f\x7f\\]|'.*"|".*'"""


# From Parquet


def is_printable(kind: pa.DataType) -> bool:
    """Whether `printed` takes such a column."""
    if is_list(kind):
        return is_item(plain(kind.value_type))
    kind = plain(kind)
    tests = [types.is_floating, types.is_boolean, types.is_timestamp, types.is_date, types.is_time, types.is_decimal]
    return is_item(kind) or any(test(kind) for test in tests)


def is_list(kind: pa.DataType) -> bool:
    return types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)


def is_item(kind: pa.DataType) -> bool:
    texts = [types.is_string, types.is_large_string, types.is_string_view, types.is_binary, types.is_large_binary]
    return types.is_integer(kind) or any(test(kind) for test in texts)


def plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if types.is_dictionary(kind) else kind


def printed(column: pa.Array, name: str, first_row: int) -> pa.Array:
    """A column as text; what is missing is an empty text."""
    if is_list(column.type):
        text = printed_lists(column, name, first_row)
    elif types.is_timestamp(column.type):
        text = printed_moments(column)
    else:
        text = column.cast(pa.string())
    return text.fill_null("")


def printed_moments(column: pa.Array) -> pa.Array:
    """2014-04-07T10:51:09.277Z, with as many thousandths of thousandths as there are."""
    # Arrow counts in UTC whatever the zone; a time without a zone is printed as it is counted.
    text = column.cast(pa.int64()).cast(pa.timestamp(column.type.unit)).cast(pa.string())
    text = pc.replace_substring_regex(text, r"\.?(?:000)+$", "")
    return joined([pc.replace_substring(text, " ", "T"), "Z"], "")


def printed_lists(column: pa.Array, name: str, first_row: int) -> pa.Array:
    lists = column.cast(ID_LIST)
    items = lists.flatten()
    if items.null_count > 0 or pc.any(pc.match_substring_regex(items, NO_ITEM)).as_py():
        refuse_item(lists, name, first_row)
    if not types.is_integer(plain(column.type.value_type)):
        mark = pc.if_else(pc.match_substring(items, "'"), '"', "'")
        items = joined([mark, items, mark], "")
    # The offsets of what is flattened begin with 0 and pass over missing lists.
    lengths = pc.list_value_length(lists).fill_null(0).cast(pa.int32())
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])
    text = joined(["[", pc.binary_join(pa.ListArray.from_arrays(offsets, items), " "), "]"], "")
    return pc.if_else(lists.is_null(), pa.scalar(None, pa.string()), text)


def refuse_item(lists: pa.Array, name: str, first_row: int):
    for row, items in enumerate(lists.to_pylist(), first_row):
        for item in items or []:
            if item is None:
                raise ValueError(f"row {row}: an item of {name} is missing: leave it out of the list")
            if re.search(NO_ITEM, item):
                raise ValueError(f"row {row}: {item!r} in {name} is empty or has a backslash, control or both quotes")


def joined(texts: list, separator: str) -> pa.Array:
    return pc.binary_join_element_wise(*texts, separator)


# To Parquet


class ColumnKind:
    """Finds out what a column of text holds: of what each of its fields is printed like."""

    def __init__(self):
        self.possible = [*NUMBERS, *MOMENTS, NUMBER_LIST, ID_LIST]
        self.is_empty = True

    def look(self, text: pa.Array):
        text = text.filter(pc.not_equal(text, ""))
        if len(text) > 0:
            self.is_empty = False
            self.possible = [kind for kind in self.possible if fits(text, kind)]

    @property
    def kind(self) -> pa.DataType:
        return pa.string() if self.is_empty or not self.possible else self.possible[0]


def fits(text: pa.Array, kind: pa.DataType) -> bool:
    if types.is_list(kind):
        pattern = LIST_OF_NUMBERS if kind == NUMBER_LIST else LIST_OF_TEXTS
        return pc.all(pc.match_substring_regex(text, pattern)).as_py()
    try:
        return printed(text.cast(kind), "", 0).equals(text)
    except pa.ArrowInvalid:
        return False


def parsed(text: pa.Array, kind: pa.DataType, name: str, first_row: int) -> pa.Array:
    """The opposite of `printed`. An empty text stays one; any other empty field is missing."""
    if kind == pa.string():
        return text
    if types.is_list(kind):
        rows = enumerate(text.to_pylist(), first_row)
        lists = pa.array([parsed_list(field, name, row) for row, field in rows], ID_LIST)
        return lists.cast(kind)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text).cast(kind)


def parsed_list(field: str, name: str, row: int) -> list[str] | None:
    if field == "":
        return None
    if not LIST.fullmatch(field):
        raise ValueError(f"row {row}: {name} is no whole list such as ['B08Q3FZCCD' 'B09X4J194K']: {field[:80]}")
    return [item[1:-1] if item[0] in "'\"" else item for item in ITEM.findall(field)]
