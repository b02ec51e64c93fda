"""NaN canonicalization: where the bits of a NaN could show, they are the canonical ones; no other bit ever changes.

A float is tainted by operators whose NaN bits the specification leaves open (arithmetic, sqrt, rounding, min, max,
promote, demote, and their vector lanes). Locals, `select`, `abs`, `pmin`, `pmax`, splats and lanes pass taint on. A
tainted value is canonicalized before stores, reinterprets, calls, returns, `global.set`, `neg`, `copysign`, vector
operators of another interpretation, at the end of a block that yields it, and where it meets a value whose bits are
exact in one operator.

    local.set $t  f64.const nan  local.get $t  local.get $t  local.get $t  f64.ne  select

A local may be tainted on one path and exact on another: only if its bits then matter, every tainted value is
canonicalized before it is put there. States are found by walking the function until loop headers no longer change; in a
function of absurd size, and if that takes too long, every local is kept clean in this way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corten.wasm import op
from corten.wasm.instrument.body import OPENING, branch_labels
from corten.wasm.instrument.taint import (
    EXACT,
    FREE,
    RULES,
    SOURCES,
    STATE,
    TAINT,
    Rule,
    across_lane,
    after_canonicalization,
    canonicalize,
    constant,
    is_mask,
    is_mixed,
    taint_through,
    without_mask,
)
from corten.wasm.opcodes import EMPTY_BLOCK, F32, F64, I32, V128

if TYPE_CHECKING:
    from corten.wasm.instrument.body import Body
    from corten.wasm.instrument.context import Context
    from corten.wasm.module import FuncType, Instr

_CONSTANTS: Final = frozenset((op.F32_CONST, op.F64_CONST, op.V128_CONST))
_FLOATS: Final = frozenset((F32, F64, V128))
_JUMPS: Final = frozenset((op.BR, op.BR_IF, op.BR_TABLE))
_CONTROL: Final = _JUMPS | OPENING
_BITWISE: Final = {
    op.V128_NOT: 1,
    op.V128_AND: 2,
    op.V128_ANDNOT: 2,
    op.V128_OR: 2,
    op.V128_XOR: 2,
    op.V128_BITSELECT: 3,
}
_CLEARING: Final = frozenset((op.V128_AND, op.V128_ANDNOT))
_ORDERED: Final = frozenset((op.F32X4_PMIN, op.F32X4_PMAX, op.F64X2_PMIN, op.F64X2_PMAX))
_MOST_WALKS: Final = 12
_MOST_STATES: Final = 20_000_000  # locals times branches that are worth following
_ORIGIN_SHIFT: Final = 8  # a mixed operand carries, above its state, the local that it came from, plus one


def add_nan(body: Body, context: Context) -> None:
    """Canonicalize in one function."""
    if not any(instr[0] in SOURCES for instr in body.core):
        return
    walk = _Walk(body, context)
    for _ in range(_MOST_WALKS):
        if walk.keeps_all_clean or not walk.once(emit=False):
            break
    else:
        walk.keeps_all_clean = True
    walk.once(emit=True)


class _Construct:
    """An open block: `before` are the locals' states at its start, `joined` those of the branches to its end."""

    __slots__ = ("before", "height", "joined", "kind", "parameters", "position", "results")

    def __init__(self, kind: int, position: int, height: int, before: list[int]) -> None:
        self.kind = kind
        self.position = position
        self.height = height
        self.before = before
        self.joined: list[int] | None = None
        self.parameters: tuple[int, ...] = ()
        self.results: tuple[int, ...] = ()


class _Walk:
    def __init__(self, body: Body, context: Context) -> None:
        self.body = body
        self.context = context
        self.types = context.module.types
        self.clean: dict[int, bool] = {}  # locals that tainted values are canonicalized for
        self.unclean: dict[int, bool] = {}  # those found in this walk
        self.headers: dict[int, list[int]] = {}  # states of the locals at loop headers, by position
        branches = sum(instr[0] in _CONTROL for instr in body.core)
        self.keeps_all_clean = len(body.local_types) * branches > _MOST_STATES
        self.has_changed = False
        self.emit = False
        self.stack: list[int] = []
        self.locals: list[int] = []
        self.constructs: list[_Construct] = []
        self.is_reachable = True

    def once(self, *, emit: bool) -> bool:
        """Walk the function; whether what was assumed of loop headers or locals was too little."""
        parameters = len(self.body.signature.params)
        self.emit, self.has_changed, self.is_reachable = emit, False, True
        self.stack, self.constructs = [], []
        self.locals = [EXACT] * parameters + [FREE] * len(self.body.function.locals)
        if self.keeps_all_clean:
            self.locals, self.clean = [EXACT] * len(self.locals), dict.fromkeys(range(len(self.locals)), True)
        for position, instr in enumerate(self.body.core):
            self._step(position, instr)
        if self.is_reachable:
            self._settle(len(self.body.core), self.body.signature.results, 0)
        return self._learn() or self.has_changed

    def _learn(self) -> bool:
        """Locals to keep clean from now on; what loop headers were thought to hold is then out of date."""
        found, self.unclean = self.unclean, {}
        if found:
            self.clean |= found
            self.headers.clear()
        return bool(found)

    def _step(self, position: int, instr: Instr) -> None:
        code = instr[0]
        if code == op.LOCAL_GET:
            self._get(instr[1])
        elif code == op.LOCAL_SET:
            self._set(position, instr[1])
            self.stack.pop()
        elif code == op.LOCAL_TEE:
            self._set(position, instr[1])
        elif code in _CONSTANTS:
            self.stack.append(constant(instr))
        elif code in _BITWISE and self._combine(code):
            pass
        elif code in RULES:
            self._apply(position, code, RULES[code])
        else:
            self._special(position, instr)

    def _special(self, position: int, instr: Instr) -> None:
        code = instr[0]
        if code == op.CALL:
            self._call(position, self.types[self.context.function_types[instr[1]]], ())
        elif code == op.CALL_INDIRECT:
            self._call(position, self.types[instr[1]], (I32,))
        elif code == op.DROP:
            self.stack.pop()
        elif code in (op.SELECT, op.SELECT_T):
            self._select(position)
        elif code == op.GLOBAL_GET:
            self.stack.append(EXACT)
        elif code == op.GLOBAL_SET:
            self._settle(position, (self.context.global_types[instr[1]],), 0)
            self.stack.pop()
        else:
            self._control(position, instr)

    # ── operands ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _get(self, local: int) -> None:
        state = self.locals[local]
        self.stack.append(state | (local + 1) << _ORIGIN_SHIFT if is_mixed(state) else state)

    def _set(self, position: int, local: int) -> None:
        """Leaves the operand on the stack."""
        state = self.stack[-1]
        if state & TAINT and (local in self.clean or is_mixed(state)):
            self._settle(position, (self.body.local_types[local],), 0)
        if not self.keeps_all_clean:
            self.locals[local] = self.stack[-1] & STATE

    def _states(self) -> list[int]:
        """A copy of the locals' states, or what they always are."""
        return self.locals if self.keeps_all_clean else list(self.locals)

    def _apply(self, position: int, code: int, rule: Rule) -> None:
        operands = rule.operands
        self._settle(position, operands, rule.keeps)
        height = len(self.stack) - len(operands)
        state = rule.state
        if code in _ORDERED and not is_mixed(self.stack[-2]):  # the second is the result only where it is no NaN
            state = self.stack[-2] & STATE if self.stack[-2] & TAINT else EXACT
        elif rule.merges:
            state = self._merge(position, operands)
        elif rule.lane:
            state = self._pass_lane(position, rule)
        del self.stack[height:]
        self.stack += [state] * rule.results

    def _merge(self, position: int, operands: tuple[int, ...]) -> int:
        """State of a result that is one of the operands: if they differ, tainted ones are canonicalized first."""
        states = self.stack[len(self.stack) - len(operands) :]
        joined = 0
        for state in states:
            joined |= state & STATE
        if not is_mixed(joined):
            return without_mask(joined)
        self._settle(position, operands, 0)
        return EXACT

    def _combine(self, code: int) -> bool:
        """Lanes that a mask selects, and masks that are combined; False for any other use of bits."""
        count = _BITWISE[code]
        states = self.stack[-count:]
        if code == op.V128_BITSELECT:
            first, second, mask = states
            joined = (first | second) & STATE
            if is_mixed(joined) or not joined & TAINT or joined & TAINT & ~taint_through(mask):
                return False
            joined = without_mask(joined)
        elif code in _CLEARING and _is_cleared(states[0], states[1]):
            joined = states[0] & STATE
        elif code == op.V128_AND and _is_cleared(states[1], states[0]):
            joined = states[1] & STATE
        elif all(map(is_mask, states)):
            joined = states[0] | states[-1]
        else:
            return False
        self.stack[-count:] = [joined]
        return True

    def _pass_lane(self, position: int, rule: Rule) -> int:
        """A splat or an extracted lane is its operand's; a replaced lane leaves a vector of both."""
        result = V128 if len(rule.operands) == 2 or rule.operands[0] == rule.lane else rule.lane
        if len(rule.operands) == 1 and not is_mixed(self.stack[-1]):
            return across_lane(self.stack[-1], result)
        if len(rule.operands) == 2:
            vector, scalar = self.stack[-2:]
            if vector & TAINT and vector == across_lane(scalar, V128):
                return vector
        self._settle(position, rule.operands, 0)
        return EXACT

    def _select(self, position: int) -> None:
        first, second, _ = self.stack[-3:]
        joined = (first | second) & STATE
        if is_mixed(joined):
            value_type = _type_of(first if first & TAINT else second)
            self._settle(position, (value_type, value_type, I32), 0)
            joined = EXACT
        self.stack[-3:] = [joined]

    def _call(self, position: int, signature: FuncType, more: tuple[int, ...]) -> None:
        operands = signature.params + more
        self._settle(position, operands, 0)
        del self.stack[len(self.stack) - len(operands) :]
        self.stack += [EXACT] * len(signature.results)

    def _settle(self, position: int, types: tuple[int, ...], keeps: int) -> None:
        """Canonicalize, before `position`, those of the top operands whose taint is not among `keeps`."""
        stack = self.stack
        height = len(stack) - len(types)
        tainted = []
        for index in range(height, len(stack)):
            state = stack[index]
            if state & TAINT & ~keeps:
                if is_mixed(state):
                    self._keep_clean(state)
                else:
                    tainted.append(index)
        if not tainted:
            return
        if self.emit:
            self.body.insert(position, self._canonical(tainted, height, types))
        for index in tainted:
            stack[index] = after_canonicalization(stack[index] & TAINT)

    def _canonical(self, tainted: list[int], height: int, types: tuple[int, ...]) -> list[Instr]:
        """Take the operands down to the first tainted one, and put them back."""
        indices = range(tainted[0], height + len(types))
        locals_ = {index: self.body.local(types[index - height], f"operand {index - indices[0]}") for index in indices}
        code: list[Instr] = [(op.LOCAL_SET, locals_[index]) for index in reversed(indices)]
        for index in indices:
            if index in tainted:
                code += canonicalize(self.stack[index] & TAINT, locals_[index])
            else:
                code.append((op.LOCAL_GET, locals_[index]))
        return code

    def _keep_clean(self, state: int) -> None:
        self.unclean[(state >> _ORIGIN_SHIFT) - 1] = True

    # ── control ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _control(self, position: int, instr: Instr) -> None:
        code = instr[0]
        if code in OPENING:
            self._open(position, instr)
        elif code == op.ELSE:
            self._otherwise(position)
        elif code == op.END:
            self._close(position)
        elif code in _JUMPS:
            self._jump(position, instr)
        elif code == op.UNREACHABLE:
            self.is_reachable = False

    def _open(self, position: int, instr: Instr) -> None:
        code, block_type = instr
        parameters, results = self._shape(block_type)
        if parameters:
            self._settle(position, parameters + ((I32,) if code == op.IF else ()), 0)
        if code == op.IF:
            self.stack.pop()
        height = len(self.stack) - len(parameters)
        construct = _Construct(code, position, height, self._states())
        construct.parameters, construct.results = parameters, results
        self.stack[height:] = [EXACT] * len(parameters)
        if code == op.LOOP:
            self.locals = _join(self.locals, self.headers.get(position, self.locals))
            self.headers[position] = self._states()
        self.constructs.append(construct)

    def _otherwise(self, position: int) -> None:
        construct = self.constructs[-1]
        if self.is_reachable:
            self._leave(position, construct)
        construct.kind = op.ELSE
        self.stack[construct.height :] = [EXACT] * len(construct.parameters)
        self.locals, self.is_reachable = construct.before, True
        construct.before = self._states()

    def _close(self, position: int) -> None:
        construct = self.constructs.pop()
        if self.is_reachable:
            self._leave(position, construct)
        if construct.kind == op.IF:  # without `else`: the way around it
            construct.joined = _join(construct.before, construct.joined or construct.before)
        self.locals = construct.joined or construct.before
        self.stack[construct.height :] = [EXACT] * len(construct.results)
        self.is_reachable = True

    def _leave(self, position: int, construct: _Construct) -> None:
        """Arrive at the end of a block."""
        self._settle(position, construct.results, 0)
        construct.joined = self._states() if construct.joined is None else _join(construct.joined, self.locals)

    def _jump(self, position: int, instr: Instr) -> None:
        code, labels = instr[0], branch_labels(instr)
        condition = () if code == op.BR else (I32,)
        self._settle(position, self._label_types(labels[-1]) + condition, 0)
        if condition:
            self.stack.pop()
        for label in dict.fromkeys(labels):
            if label < len(self.constructs):
                self._join_label(self.constructs[-1 - label])
        self.is_reachable = code == op.BR_IF

    def _join_label(self, construct: _Construct) -> None:
        if construct.kind == op.LOOP:
            known = self.headers.get(construct.position, self.locals)
            joined = _join(known, self.locals)
            if joined != known:
                self.has_changed = True
            self.headers[construct.position] = joined
        else:
            construct.joined = self._states() if construct.joined is None else _join(construct.joined, self.locals)

    def _label_types(self, label: int) -> tuple[int, ...]:
        if label >= len(self.constructs):
            return self.body.signature.results
        construct = self.constructs[-1 - label]
        return construct.parameters if construct.kind == op.LOOP else construct.results

    def _shape(self, block_type: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if block_type >= 0:
            signature = self.types[block_type]
            return signature.params, signature.results
        return (), () if block_type == EMPTY_BLOCK else (block_type + 0x80,)


def _is_cleared(state: int, mask: int) -> bool:
    """Whether a mask leaves a tainted vector's lanes as they are or zero."""
    taint = state & TAINT
    return bool(taint) and not is_mixed(state) and not taint & ~taint_through(mask)


def _join(first: list[int], second: list[int]) -> list[int]:
    return (
        first if first is second or first == second else [one | other for one, other in zip(first, second, strict=True)]
    )


def _type_of(state: int) -> int:
    taint = state & TAINT
    return {1: F32, 4: F64}.get(taint, V128)
