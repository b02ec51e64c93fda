"""Which operands are the same value: a forward walk over a function that numbers the values in locals and on the stack.

A number ≥ 0 names one value that some instruction made; a number < 0 is the constant ~number. Locals that were
assigned inside a loop, or on one of several paths that meet, get new numbers where they meet: so equal numbers mean
equal values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corten.wasm import op
from corten.wasm.instrument.body import OPENING
from corten.wasm.opcodes import OPCODES

if TYPE_CHECKING:
    from corten.wasm.module import FuncType, Instr

EFFECTS: Final = {
    code: (len(row.signature[0]), len(row.signature[1])) for code, row in OPCODES.items() if row.signature is not None
} | {op.DROP: (1, 0), op.SELECT: (3, 1), op.SELECT_T: (3, 1), op.GLOBAL_GET: (0, 1), op.GLOBAL_SET: (1, 0)}

_JUMPS: Final = frozenset((op.BR, op.BR_IF, op.BR_TABLE))


class Construct:
    """An open block, loop or if."""

    __slots__ = ("assigned", "height", "is_joined", "kind", "known", "parameters", "results")

    def __init__(self, kind: int, height: int, shape: tuple[int, int], assigned: int, known: int) -> None:
        self.kind = kind
        self.height = height  # of the operand stack below its parameters
        self.parameters, self.results = shape
        self.assigned = assigned  # length of `Values.assigned` where it began
        self.known = known  # what the client knew where it began
        self.is_joined = kind == op.IF


def assigned_in_loops(core: list[Instr]) -> dict[int, list[int]]:
    """The locals that each loop assigns, by the loop's position."""
    found: dict[int, list[int]] = {}
    opened: list[tuple[int, int]] = []  # position, length of the trail
    trail: list[int] = []
    for position, instr in enumerate(core):
        code = instr[0]
        if code == op.LOCAL_SET or code == op.LOCAL_TEE:
            trail.append(instr[1])
        elif code in OPENING:
            opened.append((position, len(trail)))
        elif code == op.END:
            start, length = opened.pop()
            if core[start][0] == op.LOOP:
                found[start] = trail[length:] = list(dict.fromkeys(trail[length:]))
    return found


class Values:
    """State of the walk: numbers on the operand stack and in the locals."""

    def __init__(self, types: list[FuncType], core: list[Instr], parameters: int, local_count: int) -> None:
        self._types = types
        self._in_loops = assigned_in_loops(core)
        self._next = parameters
        self.stack: list[int] = []
        self.locals = [*range(parameters), *[~0] * (local_count - parameters)]
        self.assigned_at = [-1] * local_count  # position of the last instruction that assigned a local
        self._homes = {number: number for number in range(parameters)}  # the local that a value was put into last
        self.assigned: list[int] = []
        self.constructs: list[Construct] = []
        self.highest = 0

    def new(self) -> int:
        """A value that is equal to no other."""
        self._next += 1
        return self._next

    def assign(self, position: int, local: int, value: int) -> None:
        self.locals[local] = value
        self.assigned_at[local] = position
        self._homes[value] = local
        self.assigned.append(local)

    def holder(self, value: int) -> int | None:
        """A local that holds the value now."""
        local = self._homes.get(value)
        return local if local is not None and self.locals[local] == value else None

    def forget(self, locals_: list[int]) -> None:
        """Give locals values of their own. Whoever assigned them is on the trail already, or will be."""
        for local in locals_:
            self._next += 1
            self.locals[local] = self._next
            self._homes[self._next] = local

    def _forget_since(self, length: int) -> None:
        """Forget what was assigned since the trail had that length."""
        self.assigned[length:] = recent = list(dict.fromkeys(self.assigned[length:]))
        self.forget(recent)

    def apply(self, pops: int, pushes: int) -> None:
        """An instruction that makes new values of some operands."""
        stack = self.stack
        if pops:
            del stack[len(stack) - pops :]
        for _ in range(pushes):
            stack.append(self.new())
        if len(stack) > self.highest:
            self.highest = len(stack)

    # ── control ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def open(self, instr: Instr, position: int, known: int) -> None:
        kind, block_type = instr
        if kind == op.IF:
            self.stack.pop()
        shape = self._shape(block_type)
        height = len(self.stack) - shape[0]
        self.constructs.append(Construct(kind, height, shape, len(self.assigned), known))
        if kind == op.LOOP:
            self.forget(self._in_loops[position])
            self._renew(height, shape[0])

    def otherwise(self) -> Construct:
        """At `else`: forget what the first arm assigned."""
        construct = self.constructs[-1]
        self._forget_since(construct.assigned)
        self._renew(construct.height, construct.parameters)
        return construct

    def close(self) -> Construct:
        construct = self.constructs.pop()
        if construct.is_joined:
            self._forget_since(construct.assigned)
        self._renew(construct.height, construct.results)
        return construct

    def jump(self, labels: list[int]) -> None:
        """Mark the blocks whose end a branch leads to."""
        for label in labels:
            if label < len(self.constructs):
                construct = self.constructs[-1 - label]
                construct.is_joined |= construct.kind != op.LOOP

    def _shape(self, block_type: int) -> tuple[int, int]:
        if block_type < 0:
            return 0, int(block_type != -64)
        signature = self._types[block_type]
        return len(signature.params), len(signature.results)

    def _renew(self, height: int, count: int) -> None:
        del self.stack[height:]
        self.apply(0, count)
