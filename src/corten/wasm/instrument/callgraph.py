"""Who calls whom: which functions may nest without end, and what callers may leave untested after a call.

A function *recurses* if it can reach itself, if it calls through a table or calls a function that recurses, or if the
chains of calls that it begins outweigh `STEADY_WEIGHT`. All others are *steady*: how much stack they need is known
beforehand, and so is what they log or spend between two tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corten.wasm import op
from corten.wasm.instrument.context import BULK, STORES, Callee, Facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corten.wasm.instrument.schedule import GasSchedule
    from corten.wasm.module import Instr

STEADY_WEIGHT: Final = 10_000  # stack units, a tenth of the default limit
STEADY_LOG_BYTES: Final = 24_576  # that a call may log untested, so that its caller need not test at once
_BYTES_PER_STORE: Final = 48  # three entries: a vector across words


@dataclass(slots=True)
class _Node:
    """What is known of a function once its callees are settled."""

    recurses: bool
    logs: bool
    weight: int  # of the heaviest chain of calls that it begins
    log_bytes: int  # that it and the calls it returns from may log since their last test


def describe_function(core: list[Instr], imports: Sequence[Callee | None], schedule: GasSchedule) -> Facts:
    """One look at the code of a function; `imports` come before the guest's functions."""
    costs, imported = schedule.costs, len(imports)
    stores, logs_ranges, has_loop, calls_table, cost = 0, False, False, False, 0
    calls: dict[int, bool] = {}
    for instr in core:
        code = instr[0]
        cost += costs[code]
        if code in STORES:
            stores += 1
        elif code == op.CALL:
            if instr[1] >= imported:
                calls[instr[1] - imported] = True
            elif (callee := imports[instr[1]]) is not None and callee.logs:
                logs_ranges = True
        elif code in BULK:
            logs_ranges = True
        elif code == op.LOOP:
            has_loop = True
        elif code == op.CALL_INDIRECT:
            calls_table = True
    return Facts(list(calls), calls_table, stores, logs_ranges, has_loop, cost)


def settle(facts: Sequence[Facts], weights: Sequence[int]) -> tuple[list[Callee], int]:
    """Each function as its callers see it, and the most stack that a steady one needs."""
    nodes: list[_Node | None] = [None] * len(facts)
    for function in range(len(facts)):
        _visit(function, facts, weights, nodes)
    settled = [node for node in nodes if node is not None]
    callees = [_callee(fact, node) for fact, node in zip(facts, settled, strict=True)]
    return callees, max((node.weight for node in settled if not node.recurses), default=0)


def _visit(root: int, facts: Sequence[Facts], weights: Sequence[int], nodes: list[_Node | None]) -> None:
    """Depth first, callees before callers; a call of a function that is still open closes a cycle."""
    if nodes[root] is not None:
        return
    nodes[root] = _Node(recurses=True, logs=True, weight=0, log_bytes=0)  # what a callee that meets it sees
    path = [(root, iter(facts[root].calls))]
    while path:
        function, calls = path[-1]
        callee = next((call for call in calls if nodes[call] is None), None)
        if callee is None:
            path.pop()
            called = [node for call in facts[function].calls if (node := nodes[call]) is not None]
            nodes[function] = _combine(facts[function], weights[function], called)
        else:
            nodes[callee] = _Node(recurses=True, logs=True, weight=0, log_bytes=0)
            path.append((callee, iter(facts[callee].calls)))


def _combine(fact: Facts, weight: int, called: list[_Node]) -> _Node:
    deepest = weight + max((node.weight for node in called), default=0)
    recurses = fact.calls_table or deepest > STEADY_WEIGHT or any(node.recurses for node in called)
    logs = bool(fact.stores) or fact.logs_ranges or recurses or any(node.logs for node in called)
    log_bytes = fact.stores * _BYTES_PER_STORE + max((node.log_bytes for node in called), default=0)
    return _Node(recurses, logs, deepest, log_bytes)


def _callee(fact: Facts, node: _Node) -> Callee:
    is_leaf = not fact.calls and not fact.calls_table
    logs_much = node.recurses or node.log_bytes > STEADY_LOG_BYTES
    return Callee(True, node.logs, is_leaf, node.recurses, node.logs and logs_much)
