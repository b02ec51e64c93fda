"""Reader and writer: round trips, exact errors, and nothing but InvalidModule whatever the bytes are."""

import random
import time
import tracemalloc

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st

from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.limits import ModuleLimits
from corten.wasm.module import Custom, Function, FuncType, GlobalType, Import, Kind, Limits, Module, Table
from corten.wasm.opcodes import I32, I64
from corten.wasm.reader import MAGIC, VERSION, instruction_offset, read_instruction, read_module, read_u32
from corten.wasm.writer import encode_instructions, signed, unsigned, write_module
from tests.wasm.generate import END, constant, module, verdict, wasmtime_verdict

EXAMPLES = settings.default.max_examples if settings.default else 100
SEEDS = st.integers(0, 1 << 64)
HEADER = MAGIC + VERSION


def section(number: int, content: bytes) -> bytes:
    return bytes((number,)) + unsigned(len(content)) + content


def code(body: bytes) -> bytes:
    """A file with one function of type () -> () and this body (locals included)."""
    return HEADER + section(1, b"\1\x60\0\0") + section(3, b"\1\0") + section(10, b"\1" + unsigned(len(body)) + body)


BODY = len(code(b"\0\x0b")) - 2  # where the body of `code(…)` begins, for bodies below 128 bytes


@given(SEEDS)
def test_what_is_written_is_read_back(seed: int) -> None:
    original = module(random.Random(seed))
    original.customs = [Custom("corten.abi", b"{}"), Custom("name", bytes(range(256)))]
    data = write_module(original)
    assert read_module(data) == original
    assert write_module(read_module(data)) == data


def test_every_kind_of_import_and_of_wat() -> None:
    text = """(module
        (import "m" "f" (func (param i64) (result f32))) (import "m" "t" (table 1 2 funcref))
        (import "m" "memory" (memory 1)) (import "m" "g" (global (mut v128)))
        (global i64 (i64.const -9223372036854775808)) (func (local i32 i32 f64 i32)) (start 1)
        (elem (table 0) (i32.const 1) func 0 1) (data "passive") (data (i32.const -1) "active"))"""
    data = wasmtime.wat2wasm(text)
    read = read_module(data)
    assert read.imports == [
        Import("m", "f", Kind.FUNCTION, 0),
        Import("m", "t", Kind.TABLE, Table(Limits(1, 2))),
        Import("m", "memory", Kind.MEMORY, Limits(1)),
        Import("m", "g", Kind.GLOBAL, GlobalType(0x7B, True)),
    ]
    assert (read.start, read.functions[0].locals) == (1, [0x7F, 0x7F, 0x7C, 0x7F])
    assert read_module(write_module(read)) == read
    assert wasmtime_verdict(write_module(read)) is None


@given(st.integers(0, (1 << 32) - 1))
def test_unsigned_integers(value: int) -> None:
    assert read_u32(unsigned(value), 0) == (value, len(unsigned(value)))


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_signed_integers(value: int) -> None:
    encoded = encode_instructions([(op.I64_CONST, value)])
    assert encoded[1:] == signed(value)
    assert read_instruction(encoded, 0) == ((op.I64_CONST, value), len(encoded))


def test_padded_integers_are_read_as_linkers_write_them() -> None:
    read = read_module(code(b"\0\x41\x80\x80\x80\x80\x00\x1a\x0b"))
    assert read.functions[0].body == [(op.I32_CONST, 0), (op.DROP,), END]


ERRORS = {
    "empty file": (b"", 0, "expected the magic number"),
    "magic": (b"\0elf\1\0\0\0", 0, "expected the magic number"),
    "version": (MAGIC + b"\2\0\0\0", 4, "expected the version 1"),
    "component": (MAGIC + b"\x0d\0\1\0", 4, "expected the version 1"),
    "section number": (HEADER + b"\x0f\0", 8, "expected a section number (0 to 12), found 15"),
    "section order": (HEADER + section(3, b"\0") + section(1, b"\0"), 11, "type section is out of order or repeated"),
    "section twice": (HEADER + section(1, b"\0") * 2, 11, "type section is out of order or repeated"),
    "section size": (HEADER + b"\1\5\0", 9, "expected type section of 5 bytes, found 1 left"),
    "rest of a section": (HEADER + section(1, b"\0\0"), 11, "expected the end of the section, found 1 more"),
    "count": (HEADER + section(1, b"\xff\xff\xff\xff\x0f"), 10, "expected 4294967295 types, found 0 bytes left"),
    "long integer": (HEADER + section(1, b"\x80\x80\x80\x80\x80\0"), 10, "unsigned 32-bit LEB128 integer"),
    "large integer": (HEADER + section(1, b"\xff\xff\xff\xff\x1f"), 10, "unsigned 32-bit LEB128 integer"),
    "cut integer": (HEADER + section(1, b"\x80"), 11, "type section: unexpected end"),
    "type form": (HEADER + section(1, b"\1\x5f\0"), 11, "expected a function type (0x60), found 0x5F"),
    "value type": (HEADER + section(1, b"\1\x60\1\x6f\0"), 13, "expected a value type"),
    "name": (HEADER + section(0, b"\2a\xff"), 12, "expected a name in UTF-8"),
    "name length": (HEADER + section(0, b"\3ab"), 10, "expected a name of 3 bytes, found 2 left"),
    "import kind": (HEADER + section(2, b"\1\0\0\4\0"), 13, "expected function, table, memory or global"),
    "shared memory": (HEADER + section(5, b"\1\3\1\1"), 11, "a shared memory"),
    "memory64": (HEADER + section(5, b"\1\4\1"), 11, "64-bit addresses"),
    "page size": (HEADER + section(5, b"\1\x08\1\0"), 11, "custom page sizes"),
    "table type": (HEADER + section(4, b"\1\x6f\0\1"), 11, "expected a table of funcref"),
    "mutability": (HEADER + section(6, b"\1\x7f\2\x41\0\x0b"), 12, "expected mutability (0 or 1), found 2"),
    "passive elements": (HEADER + section(9, b"\1\1\0\0"), 11, "expected an active segment of function indices"),
    "element kind": (HEADER + section(9, b"\1\2\0\x41\0\x0b\1\0"), 16, "expected element kind 0"),
    "data flags": (HEADER + section(11, b"\1\3"), 11, "expected a data segment (0, 1 or 2), found 3"),
    "data count": (HEADER + section(12, b"\1"), 11, "expected 1 data segments, found 0"),
    "bodies missing": (HEADER + section(1, b"\1\x60\0\0") + section(3, b"\1\0"), 18, "expected 1 function bodies"),
    "bodies without types": (HEADER + section(10, b"\1\2\0\x0b"), 10, "expected 0 function bodies, found 1"),
    "body without end": (code(b"\0\1"), BODY + 2, "expected the function's end"),
    "body cut in an instruction": (code(b"\0\x41"), BODY + 2, "expected the function's end"),
    "bytes after the end": (code(b"\0\x0b\1"), BODY + 2, "expected the end of the function body, found 1 more"),
    "opcode": (code(b"\0\1\x27\x0b"), BODY + 2, "opcode 0x27 is outside the profile"),
    "sub-opcode": (code(b"\0\xfd\x80\x80\x80\1\x0b"), BODY + 1, "expected an opcode, found 2097152 after prefix 0xFD"),
    "block type": (code(b"\0\2\x6f\x0b\x0b"), BODY + 2, "expected a block type"),
    "alignment": (code(b"\0\x28\x80\1\0\x0b"), BODY + 2, "expected an alignment exponent, found 128"),
    "signed integer": (code(b"\0\x41\xff\xff\xff\xff\x0f\x1a\x0b"), BODY + 2, "signed 32-bit LEB128 integer"),
    "branch targets": (code(b"\0\x0e\xff\xff\3\0\x0b"), BODY + 2, "expected 65535 branch targets, found 2 bytes"),
    "type of select": (code(b"\0\x1c\1\x70\x0b"), BODY + 3, "expected a value type"),
    "memory.init without a data count": (code(b"\0\xfc\x08\0\0\x0b"), BODY, "memory.init needs a data count section"),
    "locals": (code(b"\1\xff\xff\xff\xff\x0f\x7f\x0b"), BODY + 1, "expected at most 8192 locals, found 4294967295"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_name_the_byte_and_what_was_expected(name: str) -> None:
    data, offset, message = ERRORS[name]
    with pytest.raises(InvalidModule) as error:
        read_module(data)
    assert message in str(error.value)
    assert error.value.offset == offset


@pytest.mark.parametrize(
    ("instruction", "name"),
    [
        (b"\xfe\0\2\0", "memory.atomic.notify (threads and atomics)"),
        (b"\x12\0", "return_call (tail calls and typed references)"),
        (b"\x08\0", "throw (exceptions)"),
        (b"\xfb\0\0", "opcode 0xFB_0000 (garbage collection)"),
        (b"\xfd\x80\2", "i8x16.relaxed_swizzle (relaxed SIMD)"),
        (b"\xfc\x13", "i64.add128 (wide arithmetic)"),
        (b"\xfc\x09\0", "data.drop (dropping segments)"),
        (b"\xfc\x0d\0", "elem.drop (dropping segments)"),
        (b"\x26\0", "table.set (table access)"),
        (b"\xd2\0", "ref.func (reference values)"),
    ],
)
def test_opcodes_outside_the_profile_are_refused_by_name(instruction: bytes, name: str) -> None:
    with pytest.raises(InvalidModule, match="is outside the profile") as error:
        read_module(code(b"\0" + instruction + b"\x0b"))
    assert name in str(error.value)
    assert error.value.offset == BODY + 1


def test_module_size_is_limited() -> None:
    with pytest.raises(InvalidModule, match="expected at most 16 bytes, found 17"):
        read_module(HEADER + section(0, b"\0" + bytes(6)), ModuleLimits(module_bytes=16))


def test_locals_of_a_module_are_limited_together() -> None:
    functions = [Function(0, [I64] * 600, [END])] * 2
    data = write_module(Module(types=[FuncType()], functions=functions))
    read_module(data, ModuleLimits(locals_total=1200))
    with pytest.raises(InvalidModule, match="expected at most 1199 locals in the module"):
        read_module(data, ModuleLimits(locals_total=1199))


@given(SEEDS)
def test_instruction_offsets(seed: int) -> None:
    data = write_module(module(random.Random(seed)))
    for function in read_module(data).functions:
        for index, instr in enumerate(function.body):
            assert read_instruction(data, instruction_offset(data, function, index))[0] == instr


# Hostile bytes


@settings(max_examples=3 * EXAMPLES)
@given(SEEDS, st.floats(0, 1))
def test_truncated_modules(seed: int, share: float) -> None:
    data = write_module(module(random.Random(seed)))
    size = int(share * len(data))
    verdict(data[:size])


@settings(max_examples=10 * EXAMPLES)
@given(SEEDS, st.integers(1, 3))
def test_corrupt_modules_are_accepted_only_if_wasmtime_accepts_them(seed: int, changes: int) -> None:
    rng = random.Random(seed)
    data = bytearray(write_module(module(rng)))
    for _ in range(changes):
        place = rng.randrange(len(data))
        data[place : place + rng.choice([0, 1, 1, 1])] = rng.choice([b"", rng.randbytes(1), rng.randbytes(1)])
    ours, theirs = verdict(bytes(data)), wasmtime_verdict(bytes(data))
    if ours is None:
        assert theirs is None
    elif theirs is None:
        assert "outside the profile" in ours or "expected a value type" in ours or "active segment" in ours, ours


@given(st.binary(max_size=200))
def test_arbitrary_bytes(tail: bytes) -> None:
    verdict(HEADER + tail)


BOMBS = {
    "locals": code(b"\1\x80\x40\x7f\x0b"),
    "locals of many functions": write_module(
        Module(types=[FuncType()], functions=[Function(0, [I32] * 8192, [END])] * 20_000)
    ),
    "nesting": code(b"\0" + b"\2\x40" * 50_000 + b"\x0b" * 50_001),
    "branch table": code(b"\0\x41\0\x0e\xff\xff\xff\xff\x0f" + b"\0" * 50_000),
    "constants": HEADER + section(6, b"\1\x7f\0" + b"\x41\0" * 50_000 + b"\x0b"),
    "element segment": HEADER + section(9, b"\1\0\x41\0\x0b\xff\xff\xff\xff\x0f" + b"\0" * 1000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_cost_no_more_than_their_size(name: str) -> None:
    tracemalloc.start()
    before = time.process_time()
    verdict(BOMBS[name])
    assert time.process_time() - before < 10
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 << 20


def test_integers_that_do_not_fit_are_refused_at_any_length() -> None:
    for size in range(1, 12):
        data = encode_instructions([constant(I32)])[:1] + b"\xff" * size + b"\x7f"
        accepted = verdict(code(b"\0" + data + b"\x1a\x0b"))
        assert (accepted is None) == (size < 5)
