"""Calls of the functions that the compiler knows itself: conversions, arithmetic functions, memory intrinsics."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from corten.compiler import ir
from corten.compiler.host import check_host_call
from corten.compiler.limits import MAX_KEY_SCALARS, MAX_OPERANDS
from corten.compiler.types import (
    BOOL,
    BYTES32,
    ERROR,
    F64,
    INTEGERS,
    NONE,
    SCALARS,
    U32,
    U64,
    ArrayType,
    EnumType,
    HandleType,
    IntType,
    StructType,
    Type,
    UnitType,
    leaf_count,
    leaves,
)
from corten.host import BY_NAME

if TYPE_CHECKING:
    from corten.compiler.calls import CallChecker

_FLOAT_FUNCTIONS = ("sqrt", "floor", "ceil", "trunc", "nearest")
_WRAPPING = ("wrapping_add", "wrapping_sub", "wrapping_mul", "wrapping_shl")
_BIT_COUNTS = ("leading_zeros", "trailing_zeros", "population_count")


class BuiltinCalls:
    """Checks calls of built-in functions on behalf of an expression checker."""

    def __init__(self, checker: CallChecker) -> None:
        self.checker = checker
        self._table: dict[str, Callable[[ast.Call, Type | None], ir.Expression]] = {
            "len": self._len,
            "min": self._extreme,
            "max": self._extreme,
            "abs": self._abs,
            "copy": self._copy,
            "wrapping_cast": self._cast,
            "saturating_cast": self._cast,
            "mul_div_floor": self._mul_div,
            "mul_div_ceil": self._mul_div,
            "copysign": self._copysign,
            "is_nan": self._is_nan,
            "f64_bits": self._f64_bits,
            "f64_from_bits": self._f64_from_bits,
            "allocate": self._allocate,
            "memory_limit": lambda node, _: self._intrinsic(node, "memory_limit", [], U32),
            "ref": self._ref,
            "load": self._load,
            "address_of": self._address_of,
            "size_of": self._size_of,
            "hash_of": self._hash_of,
            "equal_keys": self._equal_keys,
        }
        self._table |= dict.fromkeys(_WRAPPING, self._wrapping)
        self._table |= dict.fromkeys(_BIT_COUNTS, self._bit_count)
        self._table |= dict.fromkeys(_FLOAT_FUNCTIONS, self._float_function)
        self._table |= dict.fromkeys(BY_NAME, lambda node, _: check_host_call(checker, node))

    def call(self, name: str, node: ast.Call, expected: Type | None) -> ir.Expression:
        function = self._table.get(name)
        if function is None:
            hints = {
                "require": "write it as a statement of its own",
                "range": "use it in a `for`",
                "store": "write it as a statement of its own",
                "bytes_at": "it is an argument of a host function: sha256(bytes_at(address, length))",
            }
            return self.checker.error("E102", f"`{name}` cannot be called here", node, hints.get(name, ""))
        if node.keywords:
            return self.checker.error("E304", f"`{name}` takes positional arguments only", node)
        if getattr(node.func, "id", name) != name:  # imported under another name
            own = ast.copy_location(ast.Name(name, ast.Load()), node.func)
            node = ast.copy_location(ast.Call(own, node.args, []), node)
        return function(node, expected)

    # ---- helpers -----------------------------------------------------------------------------------------------------

    def arity(self, node: ast.Call, count: int) -> bool:
        """Whether the call has `count` positional arguments; reports otherwise."""
        if len(node.args) != count or node.keywords:
            self.checker.error(
                "E304", f"`{ast.unparse(node.func)}` takes {count} arguments, found {len(node.args)}", node
            )
            return False
        return True

    def _bad(self, node: ast.Call) -> ir.Expression:
        return ir.Constant(ERROR, node.lineno, 0)

    def _intrinsic(self, node: ast.Call, name: str, types: list[Type], result: Type) -> ir.Expression:
        if not self.arity(node, len(types)):
            return self._bad(node)
        values = [self.checker.typed(argument, kind) for argument, kind in zip(node.args, types, strict=True)]
        return ir.Intrinsic(result, node.lineno, name, values)

    def _integers(self, node: ast.Call, count: int, expected: Type | None) -> list[ir.Expression] | None:
        """`count` arguments of one integer type; literals adopt it. None after a diagnostic."""
        if not self.arity(node, count):
            return None
        values = self.checker.same_type(node.args, expected)
        kind = values[0].type
        for value, argument in zip(values, node.args, strict=True):
            if self.checker.agree(value, kind, argument).type is ERROR:
                return None
        if not isinstance(kind, IntType) or isinstance(kind, HandleType):
            self.checker.error("E302", f"`{ast.unparse(node.func)}` needs integers, found {kind}", node)
            return None
        return values

    # ---- conversions -------------------------------------------------------------------------------------------------

    def convert(self, kind: Type, node: ast.Call) -> ir.Expression:
        """`i64(x)`, `Ticks(x)`, `Side(x)`, `f64(x)`."""
        if kind is ERROR or not self.arity(node, 1):
            return self._bad(node)
        argument = node.args[0]
        number = self.checker.literal(argument)
        if number is not None and ((isinstance(kind, IntType) and isinstance(number, int)) or kind is F64):
            return self.checker.constant(float(number) if kind is F64 else number, kind, argument)
        value = self.checker.scalar(argument, kind.base if isinstance(kind, UnitType) else None)
        source = value.type
        if source is ERROR:
            return value
        if not self._convertible(source, kind):
            return self.checker.error("E300", f"{source} does not convert to {kind}", node)
        return ir.Convert(kind, node.lineno, value, "checked")

    def _convertible(self, source: Type, kind: Type) -> bool:
        if isinstance(kind, IntType):
            return isinstance(source, (IntType, EnumType)) or source in (F64, BOOL)
        if kind is F64:
            return isinstance(source, IntType) or source is F64
        return isinstance(kind, EnumType) and isinstance(source, IntType)

    def _cast(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        """`wrapping_cast(T, x)`, `saturating_cast(T, x)`."""
        if not self.arity(node, 2):
            return self._bad(node)
        kind = self.checker.type_named(node.args[0])
        mode = str(getattr(node.func, "id", "")).removesuffix("_cast")
        value = self.checker.scalar(node.args[1])
        if ERROR in (kind, value.type):
            return self._bad(node)
        if not isinstance(kind, IntType) or not (
            isinstance(value.type, IntType) or (value.type is F64 and mode == "saturating")
        ):
            return self.checker.error(
                "E300", f"{mode}_cast takes {value.type} to no {kind}", node, f"{mode}_cast(u8, x) of an integer"
            )
        return ir.Convert(kind, node.lineno, value, mode)

    def bytes32(self, node: ast.Call) -> ir.Expression:
        return self._intrinsic(node, "bytes32", [U64, U64, U64, U64], BYTES32)

    # ---- arithmetic --------------------------------------------------------------------------------------------------

    def _extreme(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        """min and max of two or more, as Python compares them: the first of equals."""
        name, checker = str(getattr(node.func, "id", "")), self.checker
        if not 2 <= len(node.args) <= MAX_OPERANDS:
            code = "E304" if len(node.args) < 2 else "E600"
            return checker.error(code, f"{name} takes 2 to {MAX_OPERANDS} values", node, f"write {name}(a, b)")
        values = checker.same_type(node.args, expected)
        kind = values[0].type
        if any(checker.agree(v, kind, a).type is ERROR for v, a in zip(values, node.args, strict=True)):
            return self._bad(node)
        if (not isinstance(kind, IntType) or isinstance(kind, HandleType)) and kind is not F64:
            return checker.error("E302", f"{name} is not defined on {kind}", node)
        return self._chosen(values, "<" if name == "min" else ">", node.lineno)

    def _chosen(self, values: list[ir.Expression], operator: str, line: int) -> ir.Expression:
        """All values in order, then the comparisons."""
        bound = [self.checker.temporary(value) for value in values]
        result: ir.Expression = bound[0][1]
        lets = list(zip([local for local, _ in bound], values, strict=True))
        for _, following in bound[1:]:
            best_local, best = self.checker.temporary(result)
            lets.append((best_local, result))
            condition = ir.Compare(BOOL, line, operator, following, best)
            result = ir.Conditional(best.type, line, condition, following, best)
        for local, value in reversed(lets):
            result = ir.Let(result.type, line, local, value, result)
        return result

    def _abs(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        if not self.arity(node, 1):
            return self._bad(node)
        value = self.checker.scalar(node.args[0], expected)
        if value.type is F64:
            return ir.Intrinsic(F64, node.lineno, "fabs", [value])
        if not isinstance(value.type, IntType):
            return (
                self.checker.error("E302", f"abs is not defined on {value.type}", node)
                if value.type is not ERROR
                else value
            )
        return ir.Intrinsic(value.type, node.lineno, "abs", [value])

    def _wrapping(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        name = str(getattr(node.func, "id", ""))
        if name == "wrapping_shl":
            if not self.arity(node, 2):
                return self._bad(node)
            left = self.checker.scalar(node.args[0], expected)
            values = [left, self.checker.scalar(node.args[1], left.type)]
            if not all(isinstance(value.type, IntType) for value in values):
                return (
                    self._bad(node)
                    if ERROR in (left.type, values[1].type)
                    else self.checker.error("E302", f"`{name}` needs integers", node)
                )
            return ir.Binary(left.type, node.lineno, name, *values)
        found = self._integers(node, 2, expected)
        return self._bad(node) if found is None else ir.Binary(found[0].type, node.lineno, name, found[0], found[1])

    def _mul_div(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        values = self._integers(node, 3, expected)
        if values is None:
            return self._bad(node)
        return ir.Intrinsic(values[0].type, node.lineno, str(getattr(node.func, "id", "")), values)

    def _bit_count(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        values = self._integers(node, 1, None)
        return (
            self._bad(node)
            if values is None
            else ir.Intrinsic(U32, node.lineno, str(getattr(node.func, "id", "")), values)
        )

    def _float_function(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        return self._intrinsic(node, str(getattr(node.func, "id", "")), [F64], F64)

    def _copysign(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        return self._intrinsic(node, "copysign", [F64, F64], F64)

    def _is_nan(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        return self._intrinsic(node, "is_nan", [F64], BOOL)

    def _f64_bits(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        return self._intrinsic(node, "f64_bits", [F64], U64)

    def _f64_from_bits(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        return self._intrinsic(node, "f64_from_bits", [U64], F64)

    # ---- memory ------------------------------------------------------------------------------------------------------

    def _len(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        if not self.arity(node, 1):
            return self._bad(node)
        value = self.checker.expression(node.args[0])
        if isinstance(value.type, ArrayType):
            return ir.Constant(U32, node.lineno, value.type.length)
        if isinstance(value.type, StructType):
            method = self.checker.program.method(value.type, "__len__")
            if method is not None:
                return self.checker.call_instance(method, value, [], [], node)
        return value if value.type is ERROR else self.checker.error("E302", f"{value.type} has no length", node)

    def _copy(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        """`copy(x)`: an aggregate value of its own; a scalar is its own copy."""
        if not self.arity(node, 1):
            return self._bad(node)
        value = self.checker.expression(node.args[0], expected)
        if value.type is NONE:
            return self.checker.error("E300", "this call returns nothing", node)
        if not value.type.is_aggregate:
            return value
        return ir.Construct(
            value.type, node.lineno, self.checker.function.new_slot(value.type), [(0, value.type, value)]
        )

    def _type_and(self, node: ast.Call, count: int) -> Type:
        if not self.arity(node, count):
            return ERROR
        return self.checker.type_named(node.args[0])

    def _allocate(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        return self._intrinsic(node, "allocate", [U32], U32)

    def place(self, kind: Type, address: ast.expr, line: int) -> ir.Expression:
        """The place of type `kind` at a u32 address."""
        value = self.checker.typed(address, U32)
        if value.type is ERROR:
            return value
        return ir.Intrinsic(self.checker.program.parts.ref(kind), line, "place", [value])

    def _ref(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        return self.reference(node)

    def reference(self, node: ast.Call) -> ir.Expression:
        """`ref(T, a)`: the place at an address."""
        kind = self._type_and(node, 2)
        return self._bad(node) if kind is ERROR else self.place(kind, node.args[1], node.lineno)

    def _load(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        """`load(T, a)`: a scalar's value, or a copy of an aggregate."""
        kind = self._type_and(node, 2)
        if kind is ERROR:
            return self._bad(node)
        value = self.checker.read_place(self.place(kind, node.args[1], node.lineno))
        if not kind.is_aggregate:
            return value
        return ir.Construct(kind, node.lineno, self.checker.function.new_slot(kind), [(0, kind, value)])

    def _address_of(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        if not self.arity(node, 1):
            return self._bad(node)
        value = self.checker.expression(node.args[0])
        if value.type is not ERROR and not value.type.is_aggregate:
            return self.checker.error("E300", f"address_of takes a struct or array, found {value.type}", node)
        return ir.Intrinsic(U32, node.lineno, "address", [value])

    def _size_of(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        kind = self._type_and(node, 1)
        return ir.Constant(U32, node.lineno, kind.stride)

    # ---- keys --------------------------------------------------------------------------------------------------------

    def _hash_of(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        """hash_of folds the key's 64-bit words (docs/spec/language.md)."""
        if not self.arity(node, 1):
            return self._bad(node)
        value = self.checker.value(node.args[0])
        if value.type is ERROR or not self._is_key(value.type, node):
            return self._bad(node)
        local, read = self.checker.temporary(value)
        words = self._words(value.type, read, node)
        zero = ir.Constant(U64, node.lineno, 0)
        result: ir.Expression = ir.Intrinsic(U64, node.lineno, "mix", [words[0]]) if words else zero
        for word in words[1:]:
            result = ir.Intrinsic(U64, node.lineno, "mix", [ir.Binary(U64, node.lineno, "xor", result, word)])
        return ir.Let(U64, node.lineno, local, value, result)

    def _is_key(self, kind: Type, node: ast.Call) -> bool:
        """Whether values of a type can be keys; reports otherwise."""
        if leaf_count(kind) > MAX_KEY_SCALARS:
            message = f"a key of {leaf_count(kind)} scalars, the limit is {MAX_KEY_SCALARS}"
            self.checker.error("E600", message, node, "use a hash of it as the key")
            return False
        if any(leaf.type is F64 for leaf in leaves(kind)):
            self.checker.error("E302", "an f64 cannot be a key", node, "use an integer")
            return False
        return True

    def _equal_keys(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        """equal_keys compares two keys of one type, structs field by field."""
        if not self.arity(node, 2):
            return self._bad(node)
        first, second = self.checker.same_type(node.args, None)
        second = self.checker.agree(second, first.type, node.args[1])
        if ERROR in (first.type, second.type) or not self._is_key(first.type, node):
            return self._bad(node)
        line = node.lineno
        first_local, a = self.checker.temporary(first)
        second_local, b = self.checker.temporary(second)
        result: ir.Expression = ir.Constant(BOOL, line, 1)
        for leaf in leaves(first.type):
            pair = [self._leaf(item, leaf.type, leaf.offset, line) for item in (a, b)]
            same = ir.Compare(BOOL, line, "==", pair[0], pair[1])
            result = same if isinstance(result, ir.Constant) else ir.Logical(BOOL, line, "and", result, same)
        inner = ir.Let(BOOL, line, second_local, second, result)
        return ir.Let(BOOL, line, first_local, first, inner)

    def _leaf(self, value: ir.Expression, kind: Type, offset: int, line: int) -> ir.Expression:
        if not value.type.is_aggregate:
            return value
        return ir.Load(kind, line, ir.Offset(self.checker.program.parts.ref(kind), line, value, offset))

    def _words(self, kind: Type, value: ir.Expression, node: ast.Call) -> list[ir.Expression]:
        if kind.is_aggregate:
            words: list[ir.Expression] = []
            for leaf in leaves(kind):
                words += self._words(leaf.type, self._leaf(value, leaf.type, leaf.offset, node.lineno), node)
            return words
        if isinstance(kind, IntType) and kind.bits <= 64:
            unsigned = INTEGERS[f"u{kind.bits}"]
            return [ir.Convert(U64, node.lineno, ir.Convert(unsigned, node.lineno, value, "wrapping"), "wrapping")]
        if isinstance(kind, EnumType) or kind is BOOL:
            return [ir.Convert(U64, node.lineno, ir.Convert(SCALARS["u8"], node.lineno, value, "checked"), "wrapping")]
        count = 2 if isinstance(kind, IntType) else 4
        return [ir.Intrinsic(U64, node.lineno, "word", [value, ir.Constant(U32, node.lineno, i)]) for i in range(count)]
