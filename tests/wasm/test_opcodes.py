"""The opcode table against itself, against `op`, and against Wasmtime: every row is encoded, validated and printed."""

import pytest
import wasmtime

from corten.wasm import op
from corten.wasm.module import Data, Function, FuncType, Global, Instr, Limits, Module, Table
from corten.wasm.opcodes import F64, I32, OPCODES, REFUSED, Immediate, Opcode, describe_refused, format_code
from corten.wasm.reader import read_module
from corten.wasm.text import format_module
from corten.wasm.validate import validate
from corten.wasm.writer import write_module
from tests.wasm.generate import END, VALID_CHOICES, constant, wasmtime_verdict

I32_OPERAND = [constant(I32, 1)]
SPECIAL: dict[int, list[Instr]] = {
    op.UNREACHABLE: [(op.UNREACHABLE,)],
    op.BLOCK: [(op.BLOCK, -64), END],
    op.LOOP: [*I32_OPERAND, (op.LOOP, 1), END, (op.DROP,)],
    op.IF: [*I32_OPERAND, (op.IF, -64), END],
    op.ELSE: [*I32_OPERAND, (op.IF, -1), *I32_OPERAND, (op.ELSE,), *I32_OPERAND, END, (op.DROP,)],
    op.END: [],
    op.BR: [(op.BR, 0)],
    op.BR_IF: [*I32_OPERAND, (op.BR_IF, 0)],
    op.BR_TABLE: [(op.BLOCK, -64), *I32_OPERAND, (op.BR_TABLE, (0, 1, 0), 1), END],
    op.RETURN: [(op.RETURN,)],
    op.CALL: [(op.CALL, 0)],
    op.CALL_INDIRECT: [*I32_OPERAND, *I32_OPERAND, (op.CALL_INDIRECT, 1, 0), (op.DROP,)],
    op.DROP: [*I32_OPERAND, (op.DROP,)],
    op.SELECT: [*I32_OPERAND * 3, (op.SELECT,), (op.DROP,)],
    op.SELECT_T: [constant(F64), constant(F64), *I32_OPERAND, (op.SELECT_T, (F64,)), (op.DROP,)],
    op.LOCAL_GET: [(op.LOCAL_GET, 0), (op.DROP,)],
    op.LOCAL_SET: [*I32_OPERAND, (op.LOCAL_SET, 0)],
    op.LOCAL_TEE: [*I32_OPERAND, (op.LOCAL_TEE, 0), (op.DROP,)],
    op.GLOBAL_GET: [(op.GLOBAL_GET, 0), (op.DROP,)],
    op.GLOBAL_SET: [*I32_OPERAND, (op.GLOBAL_SET, 0)],
}


def bodies_with(row: Opcode) -> list[list[Instr]]:
    """Bodies of type () -> () around the opcode, one for each choice of immediates."""
    if row.signature is None:
        return [SPECIAL[row.code]]
    operands, results = row.signature
    before = [constant(operand) for operand in operands]
    return [
        [*before, (row.code, *immediates), *[(op.DROP,)] * len(results)] for immediates in VALID_CHOICES[row.immediate]
    ]


def module_with(body: list[Instr]) -> Module:
    return Module(
        types=[FuncType(), FuncType((I32,), (I32,))],
        functions=[Function(0, [I32], [*body, END])],
        tables=[Table(Limits(1))],
        memories=[Limits(1, 1), Limits(1)],
        globals=[Global(I32, True, [constant(I32), END])],
        data=[Data(0, [constant(I32), END], b"a"), Data(0, None, b"b")],
    )


@pytest.mark.parametrize("row", OPCODES.values(), ids=lambda row: row.name)
def test_every_opcode_is_what_wasmtime_knows_by_that_name(row: Opcode) -> None:
    for body in bodies_with(row):
        module = module_with(body)
        validate(module)
        data = write_module(module)
        assert read_module(data) == module
        assert wasmtime_verdict(data) is None
        assert read_module(wasmtime.wat2wasm(format_module(module))) == module


def test_constants_are_the_table() -> None:
    constants = {name: value for name, value in vars(op).items() if name.isupper()}
    assert constants == {row.name.upper().replace(".", "_"): code for code, row in OPCODES.items()}


def test_the_table_holds_every_opcode_of_the_profile() -> None:
    simd = [code for code in OPCODES if code >> 16 == 0xFD]
    saturating = [code for code in OPCODES if 0xFC_0000 <= code <= 0xFC_0007]
    assert (len(OPCODES), len(simd), len(saturating)) == (425, 236, 8)
    for row in OPCODES.values():
        accesses = row.immediate in (Immediate.ACCESS, Immediate.ACCESS_LANE)
        assert accesses == bool(row.access_bytes) == row.category.endswith(("load", "store"))


@pytest.mark.parametrize("code", REFUSED, ids=format_code)
def test_refused_opcodes_are_named_with_their_feature(code: int) -> None:
    assert describe_refused(code).startswith(f"{REFUSED[code]} (")


def test_unknown_opcodes_are_shown_as_numbers() -> None:
    assert describe_refused(0x27) == "opcode 0x27"
    assert describe_refused(0xFB_0001) == "opcode 0xFB_0001 (garbage collection)"
