"""The deterministic profile: each limit refuses, each rule names what is wrong, the page agrees with the tables."""

import dataclasses
import re
from pathlib import Path

import pytest

from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.limits import DEFAULT_LIMITS, DESCRIPTIONS, ModuleLimits
from corten.wasm.module import (
    Data,
    Element,
    Export,
    Function,
    FuncType,
    Global,
    GlobalType,
    Import,
    Kind,
    Limits,
    Module,
    Table,
)
from corten.wasm.opcodes import I32, OPCODES, REFUSED, Category, describe_refused
from corten.wasm.profile import check_profile
from corten.wasm.reader import read_module
from corten.wasm.writer import write_module
from tests.wasm.generate import END, constant

PAGE = Path(__file__).resolve().parents[2] / "docs/spec/profile.md"
OFFSET = [constant(I32), END]


def sample() -> Module:
    """Exactly three of everything that is counted (two parameters, one table, one memory)."""
    body = [
        (op.BLOCK, -64),
        (op.BLOCK, -64),
        (op.BLOCK, -64),
        constant(I32),
        (op.BR_TABLE, (0, 1, 2), 0),
        *[END] * 4,
    ]
    return Module(
        types=[FuncType(), FuncType((I32, I32), (I32,)), FuncType((I32,))],
        imports=[Import("corten", name, Kind.FUNCTION, 0) for name in "abc"],
        functions=[Function(0, [I32] * 3, body), Function(0, [I32] * 2, [END]), Function(0, [], [END])],
        tables=[Table(Limits(3))],
        memories=[Limits(1)],
        globals=[Global(I32, True, OFFSET)] * 3,
        exports=[Export(name, Kind.MEMORY, 0) for name in "xyz"],
        elements=[Element(0, OFFSET, [0, 1, 2])],
        data=[Data(0, OFFSET, b"abc"), Data(0, OFFSET, b""), Data(0, None, b"d")],
    )


EXACT = ModuleLimits(
    module_bytes=len(write_module(sample())),
    types=3,
    parameters=2,
    results=1,
    imports=3,
    functions=3,
    locals_per_function=3,
    locals_total=5,
    instructions_per_function=9,
    nesting_depth=3,
    branch_table_targets=3,
    tables=1,
    table_elements=3,
    memories=1,
    globals=3,
    exports=3,
    data_segments=3,
    data_bytes=4,
)
NAMES = [field.name for field in dataclasses.fields(ModuleLimits)]


def read_and_check(limits: ModuleLimits) -> None:
    data = write_module(sample())
    check_profile(read_module(data, limits), limits, data)


def test_a_module_at_its_limits_is_accepted() -> None:
    read_and_check(EXACT)


@pytest.mark.parametrize("name", NAMES)
def test_each_limit_refuses_one_more(name: str) -> None:
    allowed = getattr(EXACT, name)
    with pytest.raises(InvalidModule, match=rf"at most {allowed - 1}\b"):
        read_and_check(dataclasses.replace(EXACT, **{name: allowed - 1}))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "module_bytes"])
def test_each_limit_holds_for_modules_that_were_never_bytes(name: str) -> None:
    with pytest.raises(InvalidModule, match="expected"):
        check_profile(sample(), dataclasses.replace(EXACT, **{name: getattr(EXACT, name) - 1}))


def test_second_memory_is_refused() -> None:
    with pytest.raises(InvalidModule, match="memories: expected at most 1, found 2"):
        check_profile(Module(memories=[Limits(1), Limits(1)]))


@pytest.mark.parametrize(
    ("kind", "description"),
    [(Kind.MEMORY, Limits(1)), (Kind.TABLE, Table(Limits(1))), (Kind.GLOBAL, GlobalType(I32, True))],
)
def test_imports_are_functions(kind: Kind, description: Limits | Table | GlobalType) -> None:
    module = Module(imports=[Import("env", "it", kind, description)])
    with pytest.raises(InvalidModule, match=rf"import env.it: expected a function, found a {kind.name.lower()}"):
        check_profile(module)


def test_start_functions_are_refused() -> None:
    with pytest.raises(InvalidModule, match="start: expected no start function, found function 0"):
        check_profile(Module(types=[FuncType()], functions=[Function(0, [], [END])], start=0))


@pytest.mark.parametrize("code", [*REFUSED, 0x27, 0xFB_0001])
def test_opcodes_outside_the_table_are_refused_by_name(code: int) -> None:
    module = Module(types=[FuncType()], functions=[Function(0, [], [(op.NOP,), (code,), END])])
    with pytest.raises(InvalidModule) as error:
        check_profile(module)
    assert str(error.value) == f"function 0: instruction 1: {describe_refused(code)} is outside the profile"


def test_errors_name_the_byte_if_the_file_is_given() -> None:
    data = write_module(sample())
    limits = dataclasses.replace(EXACT, branch_table_targets=2)
    with pytest.raises(InvalidModule, match="function 3: instruction 4") as error:
        check_profile(read_module(data), limits, data)
    assert error.value.offset == data.index(b"\x0e\3\0\1\2\0")


# The page


def opcode_table() -> str:
    rows = ["| category | opcodes |", "|---|---|"]
    for category in Category:
        names = " ".join(f"`{row.name}`" for row in OPCODES.values() if row.category == category)
        rows.append(f"| {category} | {names} |")
    return "\n".join(rows)


def refused_table() -> str:
    features: dict[str, list[str]] = {}
    for code, name in REFUSED.items():
        feature = describe_refused(code).removeprefix(name)[2:-1]
        features.setdefault(feature, []).append(f"`{name}`")
    rows = ["| feature | opcodes |", "|---|---|"]
    return "\n".join([*rows, *(f"| {feature} | {' '.join(names)} |" for feature, names in features.items())])


def limit_table() -> str:
    rows = ["| limit | at most | of |", "|---|---|---|"]
    rows += [f"| `{name}` | {getattr(DEFAULT_LIMITS, name):,} | {DESCRIPTIONS[name]} |" for name in NAMES]
    return "\n".join(rows)


@pytest.mark.parametrize("table", [opcode_table, refused_table, limit_table])
def test_the_page_agrees_with_the_tables(table) -> None:
    assert table() in PAGE.read_text(encoding="utf-8"), f"docs/spec/profile.md: expected this table:\n{table()}"


def test_every_limit_is_described() -> None:
    assert list(DESCRIPTIONS) == NAMES
    assert all(re.fullmatch(r"[^.]+", text) for text in DESCRIPTIONS.values())
