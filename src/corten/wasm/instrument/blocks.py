"""Metered blocks: which instructions are paid for together, and how paths lead from one block to the next.

A metered block begins at the function's start, after `loop`, `if`, `else` and a conditional branch, and after an
`end` that a branch or the other arm of an `if` leads to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from corten.wasm import op
from corten.wasm.instrument.body import OPENING, branch_labels
from corten.wasm.instrument.charges import Junctions, Span
from corten.wasm.instrument.context import BULK

if TYPE_CHECKING:
    from corten.wasm.instrument.body import Body
    from corten.wasm.instrument.context import Context
    from corten.wasm.module import Instr

JUMPS: Final = frozenset((op.BR, op.BR_IF, op.BR_TABLE))
CALLING: Final = BULK | {op.CALL, op.CALL_INDIRECT}
_CONTROL: Final = OPENING | JUMPS | {op.ELSE, op.END, op.UNREACHABLE}


class MeteredBlock(NamedTuple):
    """Where it begins, what it costs, how many blocks it is inside of, and whether it is a loop header."""

    start: int
    cost: int
    depth: int
    is_loop: bool


class _Construct:
    """An open block: whether more than one path leads to its `end`, the junction of its label, and that of its `if`."""

    __slots__ = ("is_joined", "kind", "label", "otherwise")

    def __init__(self, kind: int, label: int, otherwise: int) -> None:
        self.kind = kind
        self.is_joined = kind == op.IF
        self.label = label
        self.otherwise = otherwise


class Blocks:
    """One look at a function: its metered blocks in order, and the same as spans between junctions.

    The first block also pays for the function's locals. `tests`: the function tests its counter.
    """

    def __init__(self, body: Body, context: Context, *, tests: bool) -> None:
        self.metered: list[MeteredBlock] = []
        self.spans: list[Span] = []
        self.junctions = Junctions()
        self._tests = tests
        self._constructs: list[_Construct] = []
        self._loops = 0
        self._end = self._next = Junctions.SETTLED  # where the block that was just ended leads to, and the next begins
        self._walk(body, context)

    def is_tested(self, block: MeteredBlock) -> bool:
        """Whether the counter is tested where the block begins."""
        return self._tests and (block.start == 0 or (block.is_loop and block.cost > 0))

    def _walk(self, body: Body, context: Context) -> None:
        costs, call_costs = context.costs, context.call_costs
        start, cost, depth, is_loop, is_seen = 0, context.entry_cost(body), 0, False, False
        begin, loops = Junctions.SETTLED, 0
        for position, instr in enumerate(body.core):
            code = instr[0]
            cost += costs[code]
            if code in CALLING:
                cost += call_costs[instr[1]] if code == op.CALL else 0
                is_seen = is_seen or context.callee(instr) is not None
            elif code in _CONTROL and self._ends_block(instr):
                self._add(MeteredBlock(start, cost, depth, is_loop), begin, min(loops, self._loops), is_seen=is_seen)
                start, cost, depth, is_loop, is_seen = position + 1, 0, len(self._constructs), code == op.LOOP, False
                begin, loops = self._next, self._loops
        self._end = Junctions.SETTLED
        self._add(MeteredBlock(start, cost, depth, is_loop), begin, min(loops, self._loops), is_seen=is_seen)

    def _add(self, block: MeteredBlock, begin: int, loops: int, *, is_seen: bool) -> None:
        self.metered.append(block)
        self.spans.append(Span(begin, self._end, block.cost, loops, is_seen or self.is_tested(block)))

    def _ends_block(self, instr: Instr) -> bool:
        """Keep the open blocks; whether a metered block ends with this control instruction."""
        code = instr[0]
        if code in OPENING:
            return self._open(code)
        if code == op.END:
            return self._close()
        if code == op.ELSE:
            construct = self._constructs[-1]
            self._end, self._next, construct.otherwise = construct.label, construct.otherwise, construct.label
        elif code == op.UNREACHABLE:
            self._end, self._next = self.junctions.new(), self.junctions.new()
        else:
            self._branch(instr)
        return True

    def _open(self, code: int) -> bool:
        inside = Junctions.SETTLED if code == op.BLOCK else self.junctions.new()
        self._end = self._next = inside
        label = inside if code == op.LOOP else self.junctions.new()
        self._constructs.append(_Construct(code, label, inside))
        self._loops += code == op.LOOP
        return bool(code != op.BLOCK)

    def _close(self) -> bool:
        construct = self._constructs.pop()
        self._loops -= construct.kind == op.LOOP
        if construct.kind == op.IF:  # without `else`, the other arm leads here too
            self.junctions.join(construct.label, construct.otherwise)
        self._end = self._next = construct.label
        return construct.is_joined

    def _branch(self, instr: Instr) -> None:
        """All ways out of a branch begin at one junction; behind `br` and `br_table` nothing is reached."""
        self._end = self.junctions.new()
        for label in branch_labels(instr):
            target = Junctions.SETTLED
            if label < len(self._constructs):
                construct = self._constructs[-1 - label]
                target = construct.label
                construct.is_joined = construct.is_joined or construct.kind != op.LOOP
            self.junctions.join(self._end, target)
        self._next = self._end if instr[0] == op.BR_IF else self.junctions.new()
