"""The validator against Wasmtime's: the same modules are accepted and refused."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.module import (
    Data,
    Element,
    Export,
    Function,
    FuncType,
    Global,
    GlobalType,
    Import,
    Instr,
    Kind,
    Limits,
    Module,
    Table,
)
from corten.wasm.opcodes import F64, I32, I64
from corten.wasm.reader import read_module
from corten.wasm.validate import BOUNDARY, context_of, max_operand_height, validate, walk
from corten.wasm.writer import write_module
from tests.wasm.generate import END, constant, module, verdict, wasmtime_verdict

EXAMPLES = settings.default.max_examples if settings.default else 100
SEEDS = st.integers(0, 1 << 64)


@given(SEEDS)
def test_generated_modules_are_valid(seed: int) -> None:
    data = write_module(module(random.Random(seed)))
    assert verdict(data) is None
    assert wasmtime_verdict(data) is None


@settings(max_examples=6 * EXAMPLES)
@given(SEEDS, st.integers(1, 3))
def test_mutated_modules_get_the_same_verdict_from_wasmtime(seed: int, mutations: int) -> None:
    data = write_module(module(random.Random(seed), mutations))
    ours, theirs = verdict(data), wasmtime_verdict(data)
    assert (ours is None) == (theirs is None), (ours, theirs)


OFFSET = [constant(I32), END]
IMMUTABLE = Import("m", "g", Kind.GLOBAL, GlobalType(I32, False))
MUTABLE = Import("m", "g", Kind.GLOBAL, GlobalType(I32, True))
NOTHING = Function(0, [], [END])
RETURNS = Function(0, [], [constant(I32), END])

DECLARATIONS: dict[str, Module] = {
    "imported global as a constant": Module(
        imports=[IMMUTABLE], globals=[Global(I32, True, [(op.GLOBAL_GET, 0), END])]
    ),
    "mutable global as a constant": Module(imports=[MUTABLE], globals=[Global(I32, True, [(op.GLOBAL_GET, 0), END])]),
    "constant of another type": Module(globals=[Global(I64, True, OFFSET)]),
    "empty constant": Module(globals=[Global(I32, True, [END])]),
    "two constants": Module(globals=[Global(I32, True, [constant(I32), *OFFSET])]),
    "not a constant": Module(globals=[Global(I32, True, [(op.NOP,), END])]),
    "unknown global as a constant": Module(globals=[Global(I32, True, [(op.GLOBAL_GET, 1), END])]),
    "import of an unknown type": Module(imports=[Import("m", "f", Kind.FUNCTION, 0)]),
    "function of an unknown type": Module(functions=[NOTHING]),
    "memory minimum above maximum": Module(memories=[Limits(2, 1)]),
    "memory too large": Module(memories=[Limits(65_537)]),
    "memory maximum too large": Module(memories=[Limits(1, 65_537)]),
    "largest memory": Module(memories=[Limits(65_536, 65_536)]),
    "table minimum above maximum": Module(tables=[Table(Limits(2, 1))]),
    "export twice": Module(memories=[Limits(1)], exports=[Export("a", Kind.MEMORY, 0), Export("a", Kind.MEMORY, 0)]),
    "export of an unknown memory": Module(exports=[Export("a", Kind.MEMORY, 0)]),
    "export of an unknown table": Module(exports=[Export("a", Kind.TABLE, 0)]),
    "export of an unknown global": Module(exports=[Export("a", Kind.GLOBAL, 0)]),
    "export of an unknown function": Module(exports=[Export("a", Kind.FUNCTION, 0)]),
    "start": Module(types=[FuncType()], functions=[NOTHING], start=0),
    "unknown start": Module(start=0),
    "start with a result": Module(types=[FuncType((), (I32,))], functions=[RETURNS], start=0),
    "element segment without a table": Module(elements=[Element(0, OFFSET, [])]),
    "element segment of an unknown function": Module(tables=[Table(Limits(1))], elements=[Element(0, OFFSET, [0])]),
    "element offset of another type": Module(
        tables=[Table(Limits(1))], elements=[Element(0, [constant(I64), END], [])]
    ),
    "two tables": Module(tables=[Table(Limits(1)), Table(Limits(1))], elements=[Element(1, OFFSET, [])]),
    "data segment without a memory": Module(data=[Data(0, OFFSET, b"")]),
    "data offset of another type": Module(memories=[Limits(1)], data=[Data(0, [constant(F64), END], b"")]),
    "passive data without a memory": Module(data=[Data(0, None, b"")]),
    "data in the second memory": Module(memories=[Limits(1), Limits(1)], data=[Data(1, OFFSET, b"")]),
}


@pytest.mark.parametrize("name", DECLARATIONS)
def test_declarations_get_the_same_verdict_from_wasmtime(name: str) -> None:
    data = write_module(DECLARATIONS[name])
    ours, theirs = verdict(data), wasmtime_verdict(data)
    assert (ours is None) == (theirs is None), (ours, theirs)


A, B = constant(I32), constant(I64)
DROP: Instr = (op.DROP,)
HALT: Instr = (op.UNREACHABLE,)
# Bodies of type () -> (): label types by index are 0 () -> (), 1 () -> (i32 i64), 2 (i32) -> (i64), 3 (i64) -> ().
CORNERS: dict[str, list[Instr]] = {
    "labels of different arity": [(op.BLOCK, -1), A, A, (op.BR_TABLE, (1,), 0), END, DROP],
    "labels of different type": [(op.BLOCK, -1), (op.BLOCK, -2), A, A, (op.BR_TABLE, (1,), 0), END, DROP, A, END, DROP],
    "labels of different type, not reachable": [
        (op.BLOCK, -1), (op.BLOCK, -2), HALT, A, (op.BR_TABLE, (1,), 0), END, DROP, A, END, DROP,
    ],
    "labels of two operands, one of them unknown": [(op.BLOCK, 1), HALT, B, A, (op.BR_TABLE, (0,), 0), END, DROP, DROP],
    "labels of two operands, one of them wrong": [(op.BLOCK, 1), HALT, A, A, (op.BR_TABLE, (0,), 0), END, DROP, DROP],
    "label of an index too large": [A, (op.BR_TABLE, (1,), 0)],
    "select of different types": [A, B, A, (op.SELECT,), DROP],
    "select of an unknown and a known": [HALT, A, A, (op.SELECT,), (op.I32_EQZ,), DROP],
    "select of an unknown and a known, used as another": [HALT, B, A, (op.SELECT,), (op.I32_EQZ,), DROP],
    "select of two unknowns": [HALT, (op.SELECT,), (op.F64_NEG,), DROP],
    "select with a wrong condition": [A, A, B, (op.SELECT,), DROP],
    "branch to a loop takes its parameters": [A, (op.LOOP, 2), (op.BR, 0), END, DROP],
    "branch to a loop with its result": [A, (op.LOOP, 2), DROP, B, (op.BR, 0), END, DROP],
    "branch to a block with its parameter": [A, (op.BLOCK, 2), (op.BR, 0), END, DROP],
    "br_if keeps what it passes": [(op.BLOCK, -1), A, A, (op.BR_IF, 0), END, DROP],
    "br_if gives unknowns the label's types": [(op.BLOCK, -1), HALT, A, (op.BR_IF, 0), (op.I64_EQZ,), END, DROP],
    "set of an immutable global": [A, (op.GLOBAL_SET, 0)],
    "set of a mutable global": [A, (op.GLOBAL_SET, 1)],
    "set of an unknown global": [A, (op.GLOBAL_SET, 2)],
    "if without else, same types": [A, (op.IF, 0), END],
    "if without else, other types": [A, A, (op.IF, 2), DROP, B, END, DROP],
    "else is reachable again": [A, (op.IF, -1), HALT, (op.ELSE,), END, DROP],
    "else has the parameters": [A, A, (op.IF, 2), DROP, B, (op.ELSE,), DROP, B, END, DROP],
    "else twice": [A, (op.IF, -64), (op.ELSE,), (op.ELSE,), END],
    "operands left in a block": [(op.BLOCK, -64), A, END],
    "operands of the outer block": [A, (op.BLOCK, -64), DROP, END],
    "operands after unreachable": [HALT, A, A, (op.I32_ADD,), (op.I64_ADD,)],
    "operands left after unreachable": [HALT, A],
    "return takes nothing more": [A, (op.RETURN,)],
    "tee keeps its type": [B, (op.LOCAL_TEE, 0), DROP],
    "call_indirect of an unknown table": [A, (op.CALL_INDIRECT, 0, 1)],
    "call_indirect with a wrong index": [B, (op.CALL_INDIRECT, 0, 0)],
    "call of an unknown function": [(op.CALL, 1)],
}  # fmt: skip


@pytest.mark.parametrize("name", CORNERS)
def test_corners_get_the_same_verdict_from_wasmtime(name: str) -> None:
    module = Module(
        types=[FuncType(), FuncType((), (I32, I64)), FuncType((I32,), (I64,)), FuncType((I64,))],
        functions=[Function(0, [I32], [*CORNERS[name], END])],
        tables=[Table(Limits(1))],
        globals=[Global(I32, False, [A, END]), Global(I32, True, [A, END])],
    )
    data = write_module(module)
    ours, theirs = verdict(data), wasmtime_verdict(data)
    assert (ours is None) == (theirs is None), (ours, theirs)


def one_function(body: list[Instr], results: tuple[int, ...] = ()) -> Module:
    return Module(types=[FuncType((), results)], functions=[Function(0, [I32], body)], memories=[Limits(1)])


ERRORS: list[tuple[list[Instr], str]] = [
    ([constant(I32), (op.F64_SQRT,), (op.DROP,), END], "instruction 1 (f64.sqrt): expected f64, found i32"),
    ([(op.I32_EQZ,), END], "instruction 0 (i32.eqz): expected i32, found an empty stack"),
    ([(op.DROP,), END], "instruction 0 (drop): expected an operand, found an empty stack"),
    ([constant(I32), END], "instruction 1 (end): expected the block's results only, found 1 more operands"),
    ([(op.LOCAL_GET, 1), END], "instruction 0 (local.get): expected a local below 1, found 1"),
    ([constant(I32), (op.I32_LOAD, 3, 0, 0), END], "expected an alignment of at most 2**2, found 2**3"),
    ([constant(I32), (op.I32_LOAD, 0, 0, 1), END], "expected a memory below 1, found 1"),
    ([(op.BR, 1), END], "expected a label below 1, found 1"),
    ([(op.BLOCK, 7), END, END], "expected a type below 1, found 7"),
    ([(op.ELSE,), END], "expected an open if"),
    ([END, END], "expected the function's last end at its last instruction"),
    ([(op.NOP,)], "end of the body: expected end, found the end of the body"),
    ([(0x27,), END], "instruction 0 (unknown): unknown opcode"),
]


@pytest.mark.parametrize(("body", "message"), ERRORS, ids=[message for _, message in ERRORS])
def test_errors_name_function_and_instruction(body: list[Instr], message: str) -> None:
    with pytest.raises(InvalidModule) as error:
        validate(one_function(body))
    assert str(error.value).startswith("function 0: ")
    assert message in str(error.value)


def test_errors_name_the_byte_if_the_file_is_given() -> None:
    body: list[Instr] = [(op.NOP,), constant(I32, 1000), (op.F64_NEG,), (op.DROP,), END]
    data = write_module(one_function(body))
    with pytest.raises(InvalidModule) as error:
        validate(read_module(data), data)
    assert error.value.offset == data.index(b"\x41\xe8\x07\x9a") + 3


def test_operand_height_is_the_most_values_at_once() -> None:
    body: list[Instr] = [
        constant(I32),
        (op.BLOCK, -1),
        constant(I32),
        constant(I32),
        (op.I32_ADD,),
        END,
        (op.I32_ADD,),
        END,
    ]
    small = one_function(body, (I32,))
    assert max_operand_height(context_of(small), small.functions[0]) == 3


@given(SEEDS)
def test_walk_sees_the_stack_before_every_instruction(seed: int) -> None:
    generated = module(random.Random(seed))
    context = context_of(generated)
    for function in generated.functions:
        steps = [(instr, len(stack) - stack.count(BOUNDARY)) for instr, stack in walk(context, function)]
        assert [instr for instr, _ in steps] == function.body
        assert max(height for _, height in steps) <= max_operand_height(context, function)


def test_large_multi_value_labels_stay_cheap() -> None:
    """A branch table over many labels with many operands is compared by slices, not value by value."""
    kind = FuncType((I32,) * 200, ())
    body: list[Instr] = [constant(I32)] * 200
    body += [(op.LOOP, 0), *[constant(I32)] * 201, (op.BR_TABLE, (0,) * 4000, 0), END, END]
    validate(Module(types=[kind, FuncType()], functions=[Function(1, [], body)] * 50))
