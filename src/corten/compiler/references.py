"""What an address in the IR was derived from: which values of a function's own a name or a result would refer to."""

from __future__ import annotations

from collections.abc import Iterator

from corten.compiler import ir
from corten.compiler.types import RefType


def roots(value: ir.Expression) -> Iterator[ir.Expression]:
    """Everything that an address may have been derived from.

    A function that returns a place may return one inside any struct it was given.
    """
    match value:
        case ir.Offset(base=base) | ir.Element(base=base):
            yield from roots(base)
        case ir.Conditional(then=then, otherwise=otherwise):
            yield from roots(then)
            yield from roots(otherwise)
        case ir.Let(body=body):
            yield from roots(body)
        case ir.Call(arguments=arguments) if isinstance(value.type, RefType):
            for argument in arguments:
                if argument.type.is_aggregate or isinstance(argument.type, RefType):
                    yield from roots(argument)
        case _:
            yield value


def is_fresh(value: ir.Expression) -> bool:
    """Whether an address may lie in a value that this function makes: a constructor's or a call's."""
    return any(
        isinstance(root, ir.Construct | ir.ContractCall) or (isinstance(root, ir.Call) and root.function.returns_copy)
        for root in roots(value)
    )


def locals_of(value: ir.Expression) -> set[int]:
    """The locals that an address was derived from."""
    return {root.local for root in roots(value) if isinstance(root, ir.ReadLocal)}
