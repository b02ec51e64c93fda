"""Everything outside the profile, from its own tables: each opcode, import kind and limit is refused, with its byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import pytest

from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.admission import admit
from corten.wasm.instrument import Options
from corten.wasm.limits import DEFAULT_LIMITS, DESCRIPTIONS
from corten.wasm.module import (
    Custom,
    Data,
    Element,
    Export,
    Function,
    FuncType,
    Global,
    Import,
    Instr,
    Kind,
    Limits,
    Module,
    Table,
)
from corten.wasm.opcodes import I32, OPCODES, PREFIXES, REFUSED, describe_refused
from corten.wasm.writer import write_module

OPTIONS = Options(memory_pages=16, system_pages=64)
PREAMBLE = b"\0asm\1\0\0\0"
SUBS = 0x140  # past the last opcode that any proposal has behind a prefix
LIMITS = asdict(DEFAULT_LIMITS)
END: Instr = (op.END,)


def refused(content: bytes) -> InvalidModule:
    with pytest.raises(InvalidModule) as caught:
        admit(content, OPTIONS, "module")
    assert caught.value.offset is not None
    assert 0 <= caught.value.offset <= len(content)
    return caught.value


def leb(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + leb(rest) if rest else bytes([low])


def section(number: int, content: bytes) -> bytes:
    return bytes([number]) + leb(len(content)) + content


def with_opcode(code: int) -> tuple[bytes, int]:
    """A module whose function begins with an opcode, and the byte where that stands."""
    spelled = bytes([code]) if code <= 0xFF else bytes([code >> 16]) + leb(code & 0xFFFF)
    body = b"\0" + spelled + bytes(16) + b"\x0b"
    start = PREAMBLE + section(1, b"\1\x60\0\0") + section(3, b"\1\0")
    code_section = section(10, b"\1" + leb(len(body)) + body)
    return start + code_section, len(start + code_section) - len(body) + 1


def foreign_opcodes() -> list[int]:
    single = [code for code in range(0x100) if code not in PREFIXES]
    prefixed = [prefix << 16 | sub for prefix in sorted(PREFIXES) for sub in range(SUBS)]
    return [code for code in single + prefixed if code not in OPCODES]


def test_every_opcode_that_is_not_in_the_table_is_refused_by_name() -> None:
    codes = foreign_opcodes()
    assert REFUSED.keys() <= set(codes)
    for code in codes:
        content, place = with_opcode(code)
        error = refused(content)
        assert f"{describe_refused(code)} is outside the profile" in error.message, hex(code)
        assert error.offset == place, hex(code)


@pytest.mark.parametrize(
    ("kind", "description"),
    [(1, b"\x70\0\1"), (2, b"\0\1"), (3, b"\x7f\0"), (3, b"\x7f\1"), (4, b"\0\0"), (5, b"\0"), (0x7F, b"\0")],
)
def test_imports_that_are_no_functions_are_refused(kind: int, description: bytes) -> None:
    imports = b"\1\1a\1b" + bytes([kind]) + description
    start = PREAMBLE + section(1, b"\1\x60\0\0")
    error = refused(start + section(2, imports))
    assert "import" in error.message
    assert len(start) <= error.offset <= len(start) + 2 + len(imports)  # type: ignore[operator]


def test_an_import_of_every_kind_but_functions_is_covered() -> None:
    kinds = {kind.value for kind in Kind if kind != Kind.FUNCTION}
    assert kinds <= {1, 2, 3, 4}


NOTHING = FuncType((), ())


def _functions(count: int, body: list[Instr] | None = None, locals_: int = 0) -> Module:
    return Module(types=[NOTHING], functions=[Function(0, [I32] * locals_, body or [END]) for _ in range(count)])


def _segments(count: int, content: bytes) -> Module:
    return Module(memories=[Limits(1, 1)], data=[Data(0, [(op.I32_CONST, 0), END], content) for _ in range(count)])


def _nested(count: int) -> Module:
    return _functions(1, [(op.BLOCK, -64)] * count + [END] * (count + 1))


def _branches(count: int) -> Module:
    return _functions(1, [(op.I32_CONST, 0), (op.BR_TABLE, (0,) * count, 0), END])


def _locals(count: int) -> Module:
    most = DEFAULT_LIMITS.locals_per_function
    module = _functions(count // most, None, most)
    module.functions += _functions(1, None, count % most).functions
    return module


BUILD: dict[str, Callable[[int], Module]] = {
    "module_bytes": lambda count: Module(customs=[Custom("x", bytes(count - 8 - 7))]),
    "types": lambda count: Module(types=[NOTHING] * count),
    "parameters": lambda count: Module(types=[FuncType((I32,) * count, ())]),
    "results": lambda count: Module(types=[FuncType((), (I32,) * count)]),
    "imports": lambda count: Module(types=[NOTHING], imports=[Import("a", "b", Kind.FUNCTION, 0)] * count),
    "functions": _functions,
    "locals_per_function": lambda count: _functions(1, None, count),
    "locals_total": _locals,
    "instructions_per_function": lambda count: _functions(1, [(op.NOP,)] * (count - 1) + [END]),
    "nesting_depth": _nested,
    "branch_table_targets": _branches,
    "tables": lambda count: Module(tables=[Table(Limits(1, 1))] * count),
    "table_elements": lambda count: Module(tables=[Table(Limits(count, count))]),
    "memories": lambda count: Module(memories=[Limits(1, 1)] * count),
    "globals": lambda count: Module(globals=[Global(I32, True, [(op.I32_CONST, 0), END])] * count),
    "exports": lambda count: Module(
        memories=[Limits(1, 1)], exports=[Export(f"m{number}", Kind.MEMORY, 0) for number in range(count)]
    ),
    "data_segments": lambda count: _segments(count, b""),
    "data_bytes": lambda count: _segments(1, bytes(count)),
}


def test_every_limit_has_a_case() -> None:
    assert BUILD.keys() == LIMITS.keys() == DESCRIPTIONS.keys()


@pytest.mark.parametrize("name", BUILD)
def test_one_more_than_a_limit_is_refused_by_it_and_the_limit_is_not(name: str) -> None:
    most = LIMITS[name]
    error = refused(write_module(BUILD[name](most + 1)))
    assert f"at most {most}" in error.message
    said = ""
    try:
        admit(write_module(BUILD[name](most)), OPTIONS, "module")
    except InvalidModule as other:  # most have nothing to call
        said = other.message
    assert f"at most {most}" not in said


def test_element_segments_and_their_functions_are_limited_too() -> None:
    count = DEFAULT_LIMITS.table_elements + 1
    table = Table(Limits(1, 1))
    zero: list[Instr] = [(op.I32_CONST, 0), END]
    one = _functions(1)
    one.tables, one.elements = [table], [Element(0, zero, [0] * count)]
    many = Module(tables=[table], elements=[Element(0, zero, [])] * count)
    assert "functions in segments" in refused(write_module(one)).message
    assert "element segments" in refused(write_module(many)).message
