"""The ABI and line sections: what is accepted comes back unchanged, everything else is refused at its path."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.module import Custom, Module
from corten.wasm.opcodes import F64, I32, I64
from corten.wasm.sections import (
    ArrayType,
    Field,
    Lines,
    ScalarType,
    Site,
    parse_abi,
    parse_lines,
    read_abi,
    read_lines,
)


def field(name: str, kind: str, offset: int) -> dict[str, Any]:
    return {"name": name, "type": kind, "offset": offset}


DOCUMENT: dict[str, Any] = {
    "version": 1,
    "name": "Token",
    "types": {
        "Order": {
            "kind": "struct",
            "size": 24,
            "fields": [field("side", "Side", 0), field("price", "Ticks", 8), field("tags", "Array[i16, 3]", 16)],
        },
        "Side": {"kind": "enum", "base": "u8", "members": {"BUY": 0, "SELL": 1}},
        "Ticks": {"kind": "unit", "base": "i64"},
        "Pair[u8]": {"kind": "struct", "size": 2, "fields": [field("a", "u8", 0), field("b", "bool", 1)]},
    },
    "entries": [
        {
            "name": "start",
            "kind": "init",
            "parameters": [],
            "size": 0,
            "returns": None,
            "result_size": 0,
        },
        {
            "name": "place",
            "kind": "message",
            "parameters": [
                field("owner", "Handle[Account]", 0),
                field("orders", "Array[Order, 2]", 8),
                field("pair", "Pair[u8]", 56),
                field("amount", "i128", 64),
                field("key", "bytes32", 80),
                field("weight", "f64", 112),
            ],
            "size": 120,
            "returns": "Side",
            "result_size": 8,
        },
    ],
    "events": [{"name": "Placed", "fields": [field("owner", "u32", 0)], "size": 8}],
    "errors": ["amount_not_positive"],
    "state": {"address": 65600, "size": 128, "fields": [field("balances", "Map[u32, i64]", 0)]},
}


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


ABI = parse_abi(encoded(DOCUMENT))


def test_what_is_written_is_read_back() -> None:
    assert json.loads(ABI.dumps()) == DOCUMENT
    assert parse_abi(ABI.dumps()) == ABI
    assert read_abi(Module(customs=[Custom("corten.abi", ABI.dumps())])) == ABI


def test_flattening_gives_every_scalar_its_place_and_access() -> None:
    scalars = ABI.flatten(ABI.entries[1].parameters)
    assert [(item.path, item.offset, item.kind, item.value_type, item.load, item.store) for item in scalars] == [
        ("owner", 0, "u32", I32, op.I32_LOAD, op.I32_STORE),
        ("orders[0].side", 8, "u8", I32, op.I32_LOAD8_U, op.I32_STORE8),
        ("orders[0].price", 16, "i64", I64, op.I64_LOAD, op.I64_STORE),
        ("orders[0].tags[0]", 24, "i16", I32, op.I32_LOAD16_S, op.I32_STORE16),
        ("orders[0].tags[1]", 26, "i16", I32, op.I32_LOAD16_S, op.I32_STORE16),
        ("orders[0].tags[2]", 28, "i16", I32, op.I32_LOAD16_S, op.I32_STORE16),
        ("orders[1].side", 32, "u8", I32, op.I32_LOAD8_U, op.I32_STORE8),
        ("orders[1].price", 40, "i64", I64, op.I64_LOAD, op.I64_STORE),
        ("orders[1].tags[0]", 48, "i16", I32, op.I32_LOAD16_S, op.I32_STORE16),
        ("orders[1].tags[1]", 50, "i16", I32, op.I32_LOAD16_S, op.I32_STORE16),
        ("orders[1].tags[2]", 52, "i16", I32, op.I32_LOAD16_S, op.I32_STORE16),
        ("pair.a", 56, "u8", I32, op.I32_LOAD8_U, op.I32_STORE8),
        ("pair.b", 57, "bool", I32, op.I32_LOAD8_U, op.I32_STORE8),
        ("amount.lo", 64, "u64", I64, op.I64_LOAD, op.I64_STORE),
        ("amount.hi", 72, "i64", I64, op.I64_LOAD, op.I64_STORE),
        ("key.word0", 80, "u64", I64, op.I64_LOAD, op.I64_STORE),
        ("key.word1", 88, "u64", I64, op.I64_LOAD, op.I64_STORE),
        ("key.word2", 96, "u64", I64, op.I64_LOAD, op.I64_STORE),
        ("key.word3", 104, "u64", I64, op.I64_LOAD, op.I64_STORE),
        ("weight", 112, "f64", F64, op.F64_LOAD, op.F64_STORE),
    ]
    assert ABI.scalar_count(ABI.entries[1].parameters) == len(scalars)
    assert [item.size for item in scalars[:4]] == [4, 1, 8, 2]
    assert [item.members for item in ABI.flatten(ABI.entries[1].result)] == [(0, 1)]
    assert ABI.flatten(ABI.entries[0].result) == []


def test_types_resolve_by_spelling() -> None:
    assert ABI.resolve("Handle[anything]") == ScalarType("u32")
    assert ABI.resolve("Array[Array[u8, 2], 3]") == ArrayType("Array[u8, 2]", 3)
    assert (ABI.layout("Array[Order, 2]").size, ABI.layout("Array[Order, 2]").alignment) == (48, 8)
    with pytest.raises(InvalidModule, match=r"expected a known type, found 'Map\[u32, i64\]'"):
        ABI.resolve("Map[u32, i64]")


def test_records_of_many_scalars_are_counted_but_not_listed() -> None:
    large = [Field("values", "Array[u8, 257]", 0)]
    assert ABI.scalar_count(large) == 257
    with pytest.raises(InvalidModule, match="at most 256 scalars, found 257"):
        ABI.flatten(large)


DELETE = object()

# Path to a value, what stands there instead, what is said.
WRONG: list[tuple[str, Any, str]] = [
    ("version", 2, "version: expected 1, found 2"),
    ("version", True, "version: expected an integer"),
    ("name", "", "name: expected a text"),
    ("name", "\ud800", "name: expected a text"),
    ("name", "x" * 1001, "name: expected a text of 1 to 1000 printable characters"),
    ("types.a\n", {"kind": "unit", "base": "i64"}, "types key: expected a text"),
    ("state", DELETE, "expected an object with the keys version, name"),
    ("extra", 1, "expected an object with the keys version, name"),
    ("types", [], "types: expected an object"),
    ("types.u8", {"kind": "unit", "base": "i64"}, "types: expected names that are not scalars"),
    ("types.Array[x, 1]", {"kind": "unit", "base": "i64"}, "types: expected names that are not scalars"),
    ("types.Order", 7, "types.Order: expected a type of kind struct, enum or unit"),
    ("types.Order.kind", "union", "types.Order: expected a type of kind"),
    ("types.Order.size", 32, "types.Order.size: expected 24, found 32"),
    ("types.Order.size", 0, "types.Order.size: expected an integer from 1"),
    ("types.Order.fields", [], "types.Order.size: expected 0, found 24"),
    ("types.Order.fields.1.offset", 0, "types.Order.price: expected offset 8, found 0"),
    ("types.Order.fields.1.offset", 16, "types.Order.price: expected offset 8, found 16"),
    ("types.Order.fields.1.offset", 8.0, "offset: expected an integer"),
    ("types.Order.fields.1.name", "side", "expected each name once, found 'side' twice"),
    ("types.Order.fields.1.type", "Order", "nested at most 32 deep, found 'Order'"),
    ("types.Order.fields.1.type", "Cents", "expected a known type, found 'Cents'"),
    ("types.Order.fields.1.type", "Vec[u8]", "expected a known type, found 'Vec[u8]'"),
    ("types.Order.fields.2.type", "Array[i16, 0]", "expected a known type, found 'Array[i16, 0]'"),
    ("types.Order.fields.2.type", "Array[i16, 9999999]", "expected a size of 1 to 1048576 bytes"),
    ("types.Side.base", "u16", "types.Side.base: expected one of u8"),
    ("types.Side.members.SELL", 256, "types.Side.members.SELL: expected an integer from 0 to 255"),
    ("types.Side.members.SELL", 0, "types.Side.members: expected each value once"),
    ("types.Ticks.base", "f64", "types.Ticks.base: expected one of u8, u16"),
    ("entries.1.kind", "call", "entries[1].kind: expected one of init, message, view"),
    ("entries.1.kind", "init", "entries of kind: expected each name once, found 'init' twice"),
    ("entries.1.name", "start", "entries: expected each name once, found 'start' twice"),
    ("entries.1.size", 112, "entries.place.size: expected 120, found 112"),
    ("entries.1.result_size", 1, "entries.place.result.size: expected 8, found 1"),
    ("entries.0.result_size", 8, "entries.start.result.size: expected 0, found 8"),
    ("entries.1.returns", "Cents", "expected a known type, found 'Cents'"),
    ("entries.1.returns", 3, "entries[1].returns: expected a text"),
    ("entries.1.parameters.5.offset", 113, "entries.place.weight: expected offset 112, found 113"),
    ("entries", {}, "entries: expected a list of at most 65535 items"),
    ("events.0.size", 4, "events.Placed.size: expected 8, found 4"),
    ("events.0.fields.0.type", "Array[Array[u64, 512], 512]", "expected a size of 1 to 1048576 bytes"),
    ("errors.0", None, "errors[0]: expected a text"),
    ("errors", ["a", "a"], "errors: expected each name once, found 'a' twice"),
    ("errors", ["e"] * 4080, "errors: expected a list of at most 4079 items"),
    ("state.address", -1, "state.address: expected an integer from 0"),
    ("state.fields.0.offset", 129, "state.fields: expected ascending offsets up to 128"),
]


def changed(path: str, value: Any) -> Any:
    document = copy.deepcopy(DOCUMENT)
    *parents, last = path.split(".")
    node: Any = document
    for key in parents:
        node = node[int(key) if isinstance(node, list) else key]
    if value is DELETE:
        del node[last]
    else:
        node[int(last) if isinstance(node, list) else last] = value
    return document


@pytest.mark.parametrize(("path", "value", "message"), WRONG, ids=[message for *_, message in WRONG])
def test_wrong_abi_is_refused_at_its_path(path: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidModule) as error:
        parse_abi(encoded(changed(path, value)))
    assert str(error.value).startswith("corten.abi: ")
    assert message in str(error.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[1]", b'{"a": 1, "a": 2}', b"[" * 100_000, b"1" * 10_000, b" " * (5 << 20)]
)
def test_what_is_no_abi_at_all_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidModule, match=r"corten\.abi: "):
        parse_abi(content)


def test_a_module_without_an_abi_is_refused() -> None:
    with pytest.raises(InvalidModule, match=r"corten\.abi: expected a custom section of that name, found none"):
        read_abi(Module())


def test_deep_and_doubling_types_are_bounded() -> None:
    for types in (
        {f"T{i}": {"kind": "struct", "size": 1, "fields": [field("x", f"T{i + 1}", 0)]} for i in range(100)},
        {f"T{i}": {"kind": "struct", "size": 8, "fields": [field("x", f"Array[T{i + 1}, 9]", 0)]} for i in range(20)},
        {"T0": {"kind": "struct", "size": 1, "fields": [field("x", "Array[" * 60 + "u8" + ", 1]" * 60, 0)]}},
    ):
        last = {f"T{len(types)}": {"kind": "struct", "size": 1, "fields": [field("x", "u8", 0)]}}
        with pytest.raises(InvalidModule, match=r"nested at most 32 deep|size"):
            parse_abi(encoded({**DOCUMENT, "types": {**DOCUMENT["types"], **types, **last}}))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
PATHS = sorted({path for path, *_ in WRONG if path != "extra"})


@given(st.sampled_from(PATHS), JSON_VALUES)
def test_arbitrary_values_raise_nothing_but_invalid_module(path: str, value: Any) -> None:
    try:
        abi = parse_abi(encoded(changed(path, value)))
    except InvalidModule:
        return
    assert parse_abi(abi.dumps()) == abi


# Lines

LINES = Lines((Site("token.py", "", 0), Site("token.py", "transfer", 12), Site("lib.py", "check", 3)))


def test_lines_are_read_back_and_located() -> None:
    assert parse_lines(LINES.dumps()) == LINES
    assert json.loads(LINES.dumps()) == {
        "files": ["token.py", "lib.py"],
        "sites": [[0, "", 0], [0, "transfer", 12], [1, "check", 3]],
    }
    assert read_lines(Module(customs=[Custom("corten.lines", LINES.dumps())])) == LINES
    assert LINES.locate(2) == Site("lib.py", "check", 3)
    assert [LINES.locate(site) for site in (-1, 0, 3)] == [None] * 3
    assert read_lines(Module()).locate(1) is None


def test_a_file_may_stand_by_name() -> None:
    named = {"files": ["a.py"], "sites": [["", "", 0], ["a.py", "f", 3], [0, "g", 4]]}
    lines = parse_lines(encoded(named))
    assert lines.sites == (Site("", "", 0), Site("a.py", "f", 3), Site("a.py", "g", 4))
    assert parse_lines(lines.dumps()) == lines


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"files": []}, "content: expected an object with the keys files, sites"),
        ({"files": [""], "sites": []}, "files[0]: expected a text"),
        ({"files": ["a"], "sites": [[0, "f"]]}, "sites[0]: expected [file, function, line]"),
        ({"files": ["a"], "sites": [[1, "f", 2]]}, "sites[0][0]: expected an integer from 0 to 0"),
        ({"files": ["a"], "sites": [["b", "f", 2]]}, "sites[0][0]: expected one of"),
        ({"files": ["a"], "sites": [[0, 1, 2]]}, "sites[0][1]: expected a text"),
        ({"files": ["a"], "sites": [[0, "f", -1]]}, "sites[0][2]: expected an integer from 0"),
    ],
)
def test_wrong_lines_are_refused_at_their_path(document: Any, message: str) -> None:
    with pytest.raises(InvalidModule) as error:
        parse_lines(encoded(document))
    assert str(error.value).startswith(f"corten.lines: {message}")
