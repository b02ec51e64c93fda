"""The text form: a golden page, and Wasmtime's parser reads it back as the same module."""

import random
import struct
from pathlib import Path

import pytest
import wasmtime
from hypothesis import given
from hypothesis import strategies as st

from corten.wasm import op
from corten.wasm.module import (
    Custom,
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
from corten.wasm.opcodes import F64, I32, I64, V128
from corten.wasm.reader import read_module
from corten.wasm.text import format_function, format_instruction, format_instructions, format_module
from tests.wasm.generate import END, constant, module

GOLDEN = Path(__file__).with_name("golden.wat")


def sample() -> Module:
    body = [
        (op.LOCAL_GET, 0),
        (op.IF, -1),
        (op.LOOP, 0),
        (op.LOCAL_GET, 2),
        (op.I64_LOAD16_U, 1, 8, 0),
        (op.I64_STORE8, 0, 0, 1),
        (op.LOCAL_GET, 0),
        (op.BR_TABLE, (0, 1), 2),
        END,
        constant(I32, -1),
        (op.ELSE,),
        (op.BLOCK, 2),
        (op.CALL, 0),
        (op.F64_CONST, 0xFFF8_0000_0000_0001),
        constant(F64, 0x8000_0000_0000_0000),
        constant(I32, 1),
        (op.SELECT_T, (F64,)),
        (op.DROP,),
        constant(I32, 7),
        END,
        END,
        constant(I32),
        (op.CALL_INDIRECT, 1, 0),
        END,
    ]
    return Module(
        types=[FuncType(), FuncType((I32,), (I64,)), FuncType((), (I32,))],
        imports=[
            Import("corten", "trap", Kind.FUNCTION, 0),
            Import("env", "table", Kind.TABLE, Table(Limits(1, 2))),
            Import("env", "memory", Kind.MEMORY, Limits(1)),
            Import("env", "base", Kind.GLOBAL, GlobalType(I32, False)),
        ],
        functions=[Function(1, [I64, I32, V128], body)],
        memories=[Limits(1, 2)],
        globals=[Global(V128, True, [constant(V128, 1 << 127 | 0xFF), END])],
        exports=[Export('entry."x"', Kind.FUNCTION, 1), Export("memory", Kind.MEMORY, 1)],
        start=0,
        elements=[Element(0, [(op.GLOBAL_GET, 0), END], [0, 1])],
        data=[Data(1, [constant(I32, 16), END], b'a"\\\0\xff'), Data(0, None, b"z")],
        customs=[Custom("corten.abi", b"{}")],
    )


def test_golden_page() -> None:
    assert format_module(sample()) == GOLDEN.read_text(encoding="utf-8")


def test_one_function_is_printed_as_in_the_module() -> None:
    lines = format_function(sample(), 1).splitlines()
    assert "\n".join(f"  {line}" for line in lines) in GOLDEN.read_text(encoding="utf-8")


def test_loose_instructions_name_the_functions_that_are_called() -> None:
    body = [(op.BLOCK, -64), (op.CALL, 3), (op.CALL, 4), END, END]
    assert format_instructions(body, {3: "log (;x;)"}) == "block\n  call 3 (;log (,x,);)\n  call 4\nend\nend\n"


@given(st.integers(0, 1 << 64))
def test_wasmtime_reads_the_text_as_the_same_module(seed: int) -> None:
    original = module(random.Random(seed))
    assert read_module(wasmtime.wat2wasm(format_module(original))) == original


@given(st.floats())
def test_floats_keep_their_bits(value: float) -> None:
    bits = struct.unpack("<Q", struct.pack("<d", value))[0]
    text = format_instruction((op.F64_CONST, bits))
    data = wasmtime.wat2wasm(f"(module (global f64 ({text})))")
    assert read_module(data).globals[0].init[0] == (op.F64_CONST, bits)


@pytest.mark.parametrize("bits", [0, 1, 0x7F7F_FFFF, 0x8000_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFA0_0001, 0x3DCC_CCCD])
def test_single_floats_keep_their_bits(bits: int) -> None:
    text = format_instruction((op.F32_CONST, bits))
    data = wasmtime.wat2wasm(f"(module (global f32 ({text})))")
    assert read_module(data).globals[0].init[0] == (op.F32_CONST, bits)
