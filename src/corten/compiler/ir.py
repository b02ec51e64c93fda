"""The typed intermediate representation: what a checked function means.

Expressions carry their type. An expression of aggregate type (struct, array) yields an address; one of RefType
yields the address of a place. Locals are numbered per function. Control flow is structured; `walk` goes over it, and
`verify` holds it to its rules after every pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from corten.compiler.types import NONE, StructType, Type
from corten.host import HostFunction


@dataclass(slots=True)
class Expression:
    type: Type
    line: int


@dataclass(slots=True)
class Constant(Expression):
    """An integer, bool, enum (its number) or f64 value."""

    value: int | float


@dataclass(slots=True)
class ReadLocal(Expression):
    local: int


@dataclass(slots=True)
class StateAddress(Expression):
    """The address of the contract's state plus `offset` bytes."""

    offset: int


@dataclass(slots=True)
class Offset(Expression):
    """The address `base` + `offset` bytes: a field."""

    base: Expression
    offset: int


@dataclass(slots=True)
class Element(Expression):
    """The address of element `index` of the array at `base`; traps index_out_of_range."""

    base: Expression
    index: Expression
    length: int
    stride: int


@dataclass(slots=True)
class Load(Expression):
    """The scalar at an address."""

    address: Expression


@dataclass(slots=True)
class Binary(Expression):
    """Arithmetic; `operator` is one of BINARY_OPERATORS. Operands and result share a carrier type."""

    operator: str
    left: Expression
    right: Expression


@dataclass(slots=True)
class Compare(Expression):
    operator: str
    left: Expression
    right: Expression


@dataclass(slots=True)
class Logical(Expression):
    """Short-circuit `and` / `or`."""

    operator: str
    left: Expression
    right: Expression


@dataclass(slots=True)
class Not(Expression):
    operand: Expression


@dataclass(slots=True)
class Conditional(Expression):
    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(slots=True)
class Let(Expression):
    """Evaluate `value` into `local`, then `body`: for operands that are used more than once."""

    local: int
    value: Expression
    body: Expression


@dataclass(slots=True)
class Convert(Expression):
    """Change of type; `mode` is checked, wrapping, saturating or same (no change of bits)."""

    operand: Expression
    mode: str


@dataclass(slots=True)
class Intrinsic(Expression):
    """An operation of INTRINSICS on scalars or addresses."""

    name: str
    arguments: list[Expression]


@dataclass(slots=True)
class Call(Expression):
    function: Function
    arguments: list[Expression]


@dataclass(slots=True)
class HostCall(Expression):
    """A call of a host function. An argument for each parameter of its import, none for a digest, which is the value.

    Where the import takes an address, a scalar argument stands for the place it is stored at during the call.
    """

    function: HostFunction
    arguments: list[Expression]


@dataclass(slots=True)
class Text(Expression):
    """The address of constant bytes."""

    content: bytes


@dataclass(slots=True)
class ContractCall(Expression):
    """Calls an entry of the contract at an address, named by `selector`; a status other than 0 is returned on.

    The payload is `arguments`; the result record comes into stack slot `slot`. A message may change the callee's state.
    """

    contract: Expression
    selector: int
    is_message: bool
    arguments: Construct
    slot: int


@dataclass(slots=True)
class Deployment(Expression):
    """A new contract of the code whose hash is `code`, its init named by `selector`: its address, through slot `slot`.

    A status other than 0 is returned on.
    """

    code: Expression
    selector: int
    arguments: Construct
    slot: int


@dataclass(slots=True)
class Construct(Expression):
    """A new struct or array value in stack slot `slot`: zeroed, then each (offset, type, value) stored."""

    slot: int
    stores: list[tuple[int, Type, Expression]]


@dataclass(slots=True)
class Statement:
    line: int


@dataclass(slots=True)
class SetLocal(Statement):
    local: int
    value: Expression


@dataclass(slots=True)
class Store(Statement):
    """Store a scalar, or copy an aggregate, to `address`."""

    type: Type
    address: Expression
    value: Expression


@dataclass(slots=True)
class Evaluate(Statement):
    value: Expression


@dataclass(slots=True)
class If(Statement):
    condition: Expression
    then: list[Statement]
    otherwise: list[Statement]


@dataclass(slots=True)
class While(Statement):
    """Loop; `step` runs after the body and on `continue`. `turns`: the most it makes, 0 if the types do not tell."""

    condition: Expression
    body: list[Statement]
    step: list[Statement]
    turns: int = 0


@dataclass(slots=True)
class Break(Statement):
    pass


@dataclass(slots=True)
class Continue(Statement):
    pass


@dataclass(slots=True)
class Return(Statement):
    value: Expression | None


@dataclass(slots=True)
class Require(Statement):
    """Reject the message with error number `code` unless `condition`."""

    condition: Expression
    code: int


@dataclass(slots=True)
class Emit(Statement):
    event: int
    value: Expression


@dataclass(slots=True)
class Trap(Statement):
    code: int


@dataclass(slots=True)
class Local:
    name: str
    type: Type


@dataclass(eq=False, slots=True)
class Function:
    """One function instance: concrete types, unique `symbol`. `name` and `file` are the author's."""

    symbol: str
    name: str
    file: str
    line: int
    parameters: list[int] = field(default_factory=list)
    locals: list[Local] = field(default_factory=list)
    slots: list[Type] = field(default_factory=list)
    result: Type = NONE
    body: list[Statement] = field(default_factory=list)
    inline: bool | None = None
    may_reject: bool = False
    mutates: bool = False
    mutated_parameters: set[int] = field(default_factory=set)

    def new_local(self, name: str, kind: Type) -> int:
        self.locals.append(Local(name, kind))
        return len(self.locals) - 1

    def new_slot(self, kind: Type) -> int:
        self.slots.append(kind)
        return len(self.slots) - 1

    @property
    def returns_copy(self) -> bool:
        """Whether the result is an aggregate that the caller receives in a slot of its own."""
        return self.result.is_aggregate


@dataclass(eq=False, slots=True)
class Entry:
    """A message, view or init: the function and the ABI names of its parameters."""

    name: str
    kind: str
    function: Function
    parameters: list[tuple[str, Type]]
    line: int


@dataclass(eq=False, slots=True)
class Program:
    """A checked contract, or a kernel as its one entry: everything that code generation and the ABI need.

    `by_row` makes a kernel an iterated one: the parameters, besides its state, that have a value for each row.
    """

    name: str
    state: StructType
    entries: list[Entry]
    events: list[StructType]
    errors: list[str]
    functions: list[Function]
    files: list[str]
    is_kernel: bool = False
    by_row: frozenset[str] | None = None
    is_flat: bool = False  # a kernel whose loop is made of straight code


BINARY_OPERATORS = frozenset(
    """add sub mul floordiv mod shl shr and or xor wrapping_add wrapping_sub wrapping_mul wrapping_shl
    fadd fsub fmul fdiv""".split()
)
COMPARE_OPERATORS = frozenset("== != < <= > >=".split())

#: name → (number of arguments, whether it changes memory)
INTRINSICS: dict[str, tuple[int, bool]] = {
    "sender": (0, False),
    "time": (0, False),
    "height": (0, False),
    "chain": (0, False),
    "own_address": (0, False),
    "memory_limit": (0, False),
    "allocate": (1, True),
    "address": (1, False),
    "place": (1, False),
    "copy_memory": (3, True),
    "fill_memory": (3, True),
    "leading_zeros": (1, False),
    "trailing_zeros": (1, False),
    "population_count": (1, False),
    "neg": (1, False),
    "invert": (1, False),
    "abs": (1, False),
    "fneg": (1, False),
    "fabs": (1, False),
    "sqrt": (1, False),
    "floor": (1, False),
    "ceil": (1, False),
    "trunc": (1, False),
    "nearest": (1, False),
    "copysign": (2, False),
    "is_nan": (1, False),
    "f64_bits": (1, False),
    "f64_from_bits": (1, False),
    "mul_div_floor": (3, False),
    "mul_div_ceil": (3, False),
    "bytes32": (4, False),
    "mix": (1, False),
    "word": (2, False),
}
