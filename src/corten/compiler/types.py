"""Types of the language and their layout in memory.

Scalars are values; structs and arrays are aggregates, which live in memory and are handled by address.
Layout: natural alignment, little-endian, i128 and bytes32 aligned to 8 (docs/spec/language.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


class Type:
    """Base of all types. `name` is the spelling in diagnostics and in the ABI."""

    name: str
    size: int
    align: int

    def __str__(self) -> str:
        return self.name

    @property
    def stride(self) -> int:
        """Distance in bytes between neighbours in an array."""
        return -(-self.size // self.align) * self.align if self.align else 0

    @property
    def is_aggregate(self) -> bool:
        return isinstance(self, (StructType, ArrayType))

    @property
    def is_address(self) -> bool:
        """Whether a value of this type is an address in a register."""
        return isinstance(self, (StructType, ArrayType, RefType))

    @property
    def scalars(self) -> int:
        """How many scalars a value flattens to."""
        return 1


@dataclass(frozen=True, eq=False)
class NoneType(Type):
    name: str = "None"
    size: int = 0
    align: int = 1


@dataclass(frozen=True, eq=False)
class ErrorType(Type):
    """Stands for an expression that already has a diagnostic; agrees with everything."""

    name: str = "<error>"
    size: int = 1
    align: int = 1


@dataclass(frozen=True, eq=False)
class BoolType(Type):
    name: str = "bool"
    size: int = 1
    align: int = 1


@dataclass(frozen=True, eq=False)
class IntType(Type):
    """A checked integer; also the carrier of enums, units and handles through their subclasses."""

    name: str
    bits: int
    signed: bool

    @property
    def size(self) -> int:  # type: ignore[override]
        return self.bits // 8

    @property
    def align(self) -> int:  # type: ignore[override]
        return min(self.bits // 8, 8)

    @property
    def minimum(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def maximum(self) -> int:
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1

    def holds(self, value: int) -> bool:
        return self.minimum <= value <= self.maximum


@dataclass(frozen=True, eq=False)
class UnitType(IntType):
    """A distinct integer type of the contract (`class Ticks(Unit[i64])`)."""

    base: IntType


@dataclass(frozen=True, eq=False)
class HandleType(IntType):
    """A u32 slot of a Pool of `element`; 0 is null."""

    element: Type


@dataclass(frozen=True, eq=False)
class AtType(HandleType):
    """The u32 address of a contract with the interface `interface` (a ContractDeclaration); 0 is none."""

    interface: Any = None


@dataclass(frozen=True, eq=False)
class FloatType(Type):
    name: str = "f64"
    size: int = 8
    align: int = 8


@dataclass(frozen=True, eq=False)
class Bytes32Type(Type):
    name: str = "bytes32"
    size: int = 32
    align: int = 8


@dataclass(frozen=True, eq=False)
class EnumType(Type):
    name: str
    members: dict[str, int]
    size: int = 1
    align: int = 1


@dataclass(frozen=True)
class FieldInfo:
    """A struct's field: byte offset from the struct's address."""

    name: str
    type: Type
    offset: int


@dataclass(eq=False)
class StructType(Type):
    """A record. Fields are filled after construction, so that structs may be declared in any order."""

    name: str
    fields: dict[str, FieldInfo] = field(default_factory=dict)
    size: int = 0
    align: int = 1
    arguments: tuple[Type, ...] = ()
    is_event: bool = False
    is_complete: bool = False
    _scalars: int = 0

    @property
    def scalars(self) -> int:
        return self._scalars

    def lay_out(self, members: list[tuple[str, Type]]) -> None:
        """Place `members` in order."""
        offset, align = 0, 1
        for name, kind in members:
            offset = -(-offset // kind.align) * kind.align
            self.fields[name] = FieldInfo(name, kind, offset)
            offset += kind.stride
            self._scalars += kind.scalars
            align = max(align, kind.align)
        self.align = align
        self.size = -(-offset // align) * align
        self.is_complete = True


@dataclass(frozen=True, eq=False)
class ArrayType(Type):
    element: Type
    length: int

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"Array[{self.element}, {self.length}]"

    @property
    def size(self) -> int:  # type: ignore[override]
        return self.element.stride * self.length

    @property
    def align(self) -> int:  # type: ignore[override]
        return self.element.align

    @property
    def scalars(self) -> int:
        return self.length * self.element.scalars


@dataclass(frozen=True, eq=False)
class RefType(Type):
    """A place that holds `target`; only the return type of a function."""

    target: Type
    size: int = 4
    align: int = 4

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"Ref[{self.target}]"


NONE = NoneType()
ERROR = ErrorType()
BOOL = BoolType()
F64 = FloatType()
BYTES32 = Bytes32Type()
INTEGERS = {
    f"{'i' if signed else 'u'}{bits}": IntType(f"{'i' if signed else 'u'}{bits}", bits, signed)
    for bits in (8, 16, 32, 64, 128)
    for signed in (False, True)
    if signed or bits < 128
}
U8, U32, U64, I64, I128 = (INTEGERS[name] for name in ("u8", "u32", "u64", "i64", "i128"))
SCALARS: dict[str, Type] = {**INTEGERS, "bool": BOOL, "f64": F64, "bytes32": BYTES32}


def carrier(kind: IntType) -> IntType:
    """The plain integer that a unit or handle is stored as."""
    if isinstance(kind, UnitType):
        return kind.base
    return U32 if isinstance(kind, HandleType) else kind


class ArrayTypes:
    """Array, handle and reference types by their parts: equal parts give the same object."""

    def __init__(self) -> None:
        self._arrays: dict[tuple[Type, int], ArrayType] = {}
        self._handles: dict[Type, HandleType] = {}
        self._refs: dict[Type, RefType] = {}
        self._addresses: dict[Any, AtType] = {}

    def array(self, element: Type, length: int) -> ArrayType:
        return self._arrays.setdefault((element, length), ArrayType(element, length))

    def handle(self, element: Type) -> HandleType:
        return self._handles.setdefault(element, HandleType(f"Handle[{element}]", 32, False, element))

    def at(self, interface: Any) -> AtType:
        made = AtType(f"At[{interface.name}]", 32, False, NONE, interface)
        return self._addresses.setdefault(interface, made)

    def ref(self, target: Type) -> RefType:
        return self._refs.setdefault(target, RefType(target))


@dataclass(frozen=True)
class Leaf:
    """One scalar of a flattened value: its type and byte offset."""

    type: Type
    offset: int


def leaves(kind: Type, offset: int = 0) -> Iterator[Leaf]:
    """The scalars of a value in order, with their offsets."""
    if isinstance(kind, StructType):
        for member in kind.fields.values():
            yield from leaves(member.type, offset + member.offset)
    elif isinstance(kind, ArrayType):
        for index in range(kind.length):
            yield from leaves(kind.element, offset + index * kind.element.stride)
    else:
        yield Leaf(kind, offset)


def leaf_count(kind: Type) -> int:
    """How many scalars a value flattens to, without listing them."""
    return kind.scalars
