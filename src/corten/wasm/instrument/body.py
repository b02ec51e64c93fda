"""A function on its way through the passes: the guest's code, and the edits that each pass asks for.

Every pass reads the same code (`core`) and says what to insert before, or put instead of, an instruction; so no pass
sees, meters or logs what another injected. `close` weaves the edits in and wraps the function:

    block $body (results)
      block $exit_n … block $exit_0     one for each way to give up: out of gas, log full, stack full
        prologue, core, br $body
      end  call $out_of_gas  unreachable …
    end
    epilogue                            every return passes here

In `core` unreachable code is gone, and so are the function's final `end` and every `return`: it branches to $body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.module import Function, FuncType
from corten.wasm.opcodes import EMPTY_BLOCK

if TYPE_CHECKING:
    from corten.wasm.module import Instr, Module

OPENING = frozenset((op.BLOCK, op.LOOP, op.IF))
BRANCHES = frozenset((op.BR, op.BR_IF, op.BR_TABLE, op.RETURN))
_ENDS_PATH = frozenset((op.UNREACHABLE, op.BR, op.BR_TABLE, op.RETURN))
_MAXIMUM_LOCALS = 50_000  # what engines accept


class Body:
    """One guest function being instrumented: its live code, and the helpers that its exits call, innermost first."""

    def __init__(
        self, index: int, function: Function, core: list[Instr], signature: FuncType, exits: list[str]
    ) -> None:
        self.index = index
        self.function = function
        self.signature = signature
        self.exits = exits
        self.core = branch_to_body(core, len(exits))
        self.local_types = [*signature.params, *function.locals]
        self.before: dict[int, list[Instr]] = {}
        self.instead: dict[int, list[Instr]] = {}
        self.prologue: list[Instr] = []
        self.epilogue: list[Instr] = []
        self._temporaries: dict[tuple[int, str], int] = {}

    def local(self, value_type: int, purpose: str) -> int:
        """A local of the passes' own; the same one for the same purpose."""
        key = (value_type, purpose)
        if key not in self._temporaries:
            if len(self.local_types) >= _MAXIMUM_LOCALS:
                text = f"function {self.index}: expected fewer than {_MAXIMUM_LOCALS} locals, found more"
                raise InvalidModule(text, self.function.offset or None)
            self._temporaries[key] = len(self.local_types)
            self.local_types.append(value_type)
        return self._temporaries[key]

    def insert(self, position: int, code: list[Instr]) -> None:
        """Before the instruction at `position`, after what was put there before."""
        self.before.setdefault(position, []).extend(code)

    def insert_first(self, position: int, code: list[Instr]) -> None:
        """Before the instruction at `position`, and before what was put there before."""
        self.before.setdefault(position, [])[:0] = code

    def exit_label(self, helper: str, depth: int) -> int:
        """The label, seen from `depth` blocks inside the core, of the exit that calls `helper`."""
        return depth + self.exits.index(helper)

    def close(self, helpers: dict[str, int], module: Module) -> Function:
        """The finished function."""
        code = self._woven()
        if self.exits or self.epilogue:
            code = self._wrapped(code, helpers, module)
        else:
            code = [*self.prologue, *code, (op.END,)]
        declared = self.local_types[len(self.signature.params) :]
        return Function(self.function.type_index, declared, code, self.function.offset)

    def _woven(self) -> list[Instr]:
        core, start = self.core, 0
        woven: list[Instr] = []
        for position in sorted(self.before.keys() | self.instead.keys()):
            woven += core[start:position]
            woven += self.before.get(position, ())
            start = position
            if position in self.instead:
                woven += self.instead[position]
                start += 1
        return woven + core[start:]

    def _wrapped(self, code: list[Instr], helpers: dict[str, int], module: Module) -> list[Instr]:
        wrapped: list[Instr] = [(op.BLOCK, block_type(module, self.signature.results))]
        wrapped += [(op.BLOCK, EMPTY_BLOCK)] * len(self.exits)
        wrapped += self.prologue
        wrapped += code
        if self.exits:
            wrapped.append((op.BR, len(self.exits)))
        for helper in self.exits:
            wrapped += ((op.END,), (op.CALL, helpers[helper]), (op.UNREACHABLE,))
        return [*wrapped, (op.END,), *self.epilogue, (op.END,)]


def without_dead_code(body: list[Instr]) -> list[Instr]:
    """The body without what follows a branch, up to the next `else` or `end`, and without its final `end`."""
    live: list[Instr] = []
    dead, depth = False, 0
    for instr in body:
        code = instr[0]
        if not dead:
            live.append(instr)
            dead = code in _ENDS_PATH
        elif code in OPENING:
            depth += 1
        elif depth:
            depth -= code == op.END
        elif code in (op.END, op.ELSE):
            live.append(instr)
            dead = False
    live.pop()
    return live


def branch_to_body(code: list[Instr], exits: int) -> list[Instr]:
    """Move the function's own label outwards by the number of exits; a return becomes a branch to it."""
    depth = 0
    moved = []
    for instr in code:
        kind = instr[0]
        if kind in OPENING:
            depth += 1
        elif kind == op.END:
            depth -= 1
        elif kind in BRANCHES:
            moved.append(_moved(instr, depth, exits))
            continue
        moved.append(instr)
    return moved


def _moved(instr: Instr, depth: int, exits: int) -> Instr:
    kind = instr[0]
    if kind == op.RETURN:
        return op.BR, depth + exits
    labels = [label + exits if label == depth else label for label in branch_labels(instr)]
    return (kind, tuple(labels[:-1]), labels[-1]) if kind == op.BR_TABLE else (kind, labels[0])


def branch_labels(instr: Instr) -> list[int]:
    """The labels that a branch may take, default last."""
    return [*instr[1], instr[2]] if instr[0] == op.BR_TABLE else [instr[1]]


def block_type(module: Module, results: tuple[int, ...]) -> int:
    """The immediate of a block without parameters; more than one result needs a type of the module."""
    if len(results) < 2:
        return results[0] - 0x80 if results else EMPTY_BLOCK
    return type_index(module, (), results)


def type_index(module: Module, params: tuple[int, ...], results: tuple[int, ...]) -> int:
    """Index of a function type, added if the module has none like it."""
    wanted = FuncType(params, results)
    if wanted not in module.types:
        module.types.append(wanted)
    return module.types.index(wanted)
