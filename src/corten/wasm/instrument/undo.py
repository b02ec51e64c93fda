"""Undo log: before a store changes a word of guest memory, the log holds what was there, and the word's page is marked.

An entry is 16 bytes of system memory: the address of an 8-byte word, and its old content. The log pointer is a local, and
every append also writes it to a global, so that it is right wherever the guest may trap. Per store, with `w` the word:

    if (address is not aligned)  call $log_range(address, length)  ; rare, see `runtime.LOG_RANGE`
    else  log[0] = w; log[8] = word at w; touched[w >> 12] = 1; log += 16

- Stores of one stretch of code without branches or calls that share their base are logged together, at the first of them:
  one alignment test and one pointer step for the group. Logging early is safe: the stretch runs to its end or traps.
- Bytes that were logged on every path to a store are not logged again.
- A constant address needs no test, and its page is a constant.
- The log's limit is tested at function entries, loop headers and after calls; `red_zone` is what can be written between
  two tests, and the host leaves that much room behind the limit.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corten.wasm import op
from corten.wasm.instrument.body import branch_labels
from corten.wasm.instrument.context import BULK, STORES
from corten.wasm.instrument.layout import GUEST, LOG_ENTRY_BYTES, PAGE_SHIFT, SYSTEM, TOUCHED, WASM_PAGE
from corten.wasm.instrument.values import EFFECTS, Values
from corten.wasm.opcodes import EMPTY_BLOCK, I32

if TYPE_CHECKING:
    from corten.wasm.instrument.body import Body
    from corten.wasm.instrument.context import Callee, Context
    from corten.wasm.module import Instr

EXIT: Final = "log_exhausted"
WORD: Final = 8
_GROUP_SPAN: Final = 256  # bytes of one base that one alignment test may cover
_JUMPS: Final = frozenset((op.BR, op.BR_IF, op.BR_TABLE))
_CALLS: Final = frozenset((op.CALL, op.CALL_INDIRECT)) | BULK


@dataclass(slots=True)
class Store:
    """One store of the guest: bytes [offset, offset + size) from a base value."""

    position: int
    base: int  # value number; < 0 a constant address
    holder: int | None  # a local that holds the base here
    offset: int
    size: int
    value_type: int


class _Facts:
    """Which bytes are known to be logged: per base, a bit for each byte, in chunks; with a trail to forget by."""

    def __init__(self) -> None:
        self._chunks: dict[tuple[int, int], int] = {}
        self.trail: list[tuple[tuple[int, int], int]] = []

    def covers(self, base: int, start: int, size: int) -> bool:
        chunks = self._chunks
        return all(chunks.get(key, 0) & bits == bits for key, bits in _chunks(base, start, size))

    def add(self, base: int, start: int, size: int) -> None:
        for key, bits in _chunks(base, start, size):
            known = self._chunks.get(key, 0)
            self.trail.append((key, known))
            self._chunks[key] = known | bits

    def forget(self, length: int) -> None:
        while len(self.trail) > length:
            key, known = self.trail.pop()
            self._chunks[key] = known


def _chunks(base: int, start: int, size: int) -> list[tuple[tuple[int, int], int]]:
    first, shift = divmod(start, 64)
    bits = ((1 << size) - 1) << shift
    found = []
    while bits:
        found.append(((base, first), bits & 0xFFFF_FFFF_FFFF_FFFF))
        bits >>= 64
        first += 1
    return found


class UndoLog:
    """The pass over one function."""

    def __init__(self, body: Body, context: Context) -> None:
        self.body = body
        self.context = context
        self.values = Values(context.module.types, body.core, len(body.signature.params), len(body.local_types))
        self.facts = _Facts()
        self.stretch: list[Store] = []
        self.sites: list[int] = []
        self.loops: list[tuple[int, int, int]] = []  # first position, last position, depth
        self.calls: list[tuple[int, int, Callee]] = []  # position, depth
        self.red_zone = 0
        self._open_loops: list[tuple[int, int]] = []
        self._memory_bytes = context.options.memory_pages * WASM_PAGE

    def walk(self) -> None:
        """Find the stores, and log each stretch at its end."""
        values, core = self.values, self.body.core
        stack, locals_ = values.stack, values.locals
        for position, instr in enumerate(core):
            code = instr[0]
            if code == op.LOCAL_GET:
                stack.append(locals_[instr[1]])
            elif code == op.I32_CONST:
                stack.append(~(instr[1] & 0xFFFF_FFFF))
            elif code == op.LOCAL_SET:
                values.assign(instr[1], stack.pop())
            elif code == op.LOCAL_TEE:
                values.assign(instr[1], stack[-1])
            elif code in EFFECTS:
                if code in STORES:
                    self._note(position, instr)
                elif code in BULK:
                    self._leave(position, self.context.callee(instr))
                values.apply(*EFFECTS[code])
            else:
                self._control(position, instr)
        self._log_stretch()

    def _note(self, position: int, instr: Instr) -> None:
        size, value_type = STORES[instr[0]]
        base, offset = self.values.stack[-2], instr[2]
        if base < 0:
            base, offset = -1, ~base + offset
            if offset + size <= self._memory_bytes:  # else it traps
                self.stretch.append(Store(position, base, None, offset, size, value_type))
            return
        self.stretch.append(Store(position, base, self.values.holder(base), offset, size, value_type))

    def _control(self, position: int, instr: Instr) -> None:
        values, code = self.values, instr[0]
        if code in _CALLS:
            self._call(position, instr)
            return
        if code == op.NOP:
            return
        self._log_stretch()
        if code in _JUMPS:
            values.jump(branch_labels(instr))
            values.apply(int(code != op.BR), 0)
        elif code == op.ELSE:
            self.facts.forget(values.otherwise().known)
        elif code == op.END:
            construct = values.close()
            if construct.is_joined:
                self.facts.forget(construct.known)
            if construct.kind == op.LOOP:
                start, depth = self._open_loops.pop()
                self.loops.append((start, position, depth))
        elif code != op.UNREACHABLE:
            values.open(instr, position, len(self.facts.trail))
            if code == op.LOOP:
                self._open_loops.append((position + 1, len(values.constructs)))

    def _call(self, position: int, instr: Instr) -> None:
        types, context = self.context.module.types, self.context
        if instr[0] == op.CALL:
            signature = types[context.function_types[instr[1]]]
            operands = len(signature.params)
        else:
            signature = types[instr[1]]
            operands = len(signature.params) + 1
        self._leave(position, context.callee(instr))
        self.values.apply(operands, len(signature.results))

    def _leave(self, position: int, callee: Callee | None) -> None:
        """A call ends the stretch, and may have moved the log pointer."""
        if callee is None:
            return
        self._log_stretch()
        if callee.logs:
            self.calls.append((position, len(self.values.constructs), callee))

    # ── logging a stretch ────────────────────────────────────────────────────────────────────────────────────────────

    def _log_stretch(self) -> None:
        """Log what the noted stores will change, each base at its first store that is not covered."""
        if not self.stretch:
            return
        stores, self.stretch = self.stretch, []
        for number, store in enumerate(stores):
            if self.facts.covers(store.base, store.offset, store.size):
                continue
            if store.base < 0:
                self._log_constant(store, [other for other in stores[number:] if other.base < 0])
                continue
            residue = next((s.offset % WORD for s in stores[number:] if s.base == store.base and s.size >= WORD), None)
            if store.holder is None or residue is None or store.offset < residue:
                self._log_single(store)
            else:
                self._log_group(store, residue, stores[number:])

    def _log_constant(self, store: Store, stores: list[Store]) -> None:
        words = {}
        for other in stores:
            for word in range(other.offset & -WORD, other.offset + other.size, WORD):
                if not self.facts.covers(-1, word, WORD):
                    words[word] = True
        code: list[Instr] = []
        for number, word in enumerate(words):
            code += self._entry(number, [(op.I32_CONST, signed(word))], word, [(op.I32_CONST, 0)])
            self.facts.add(-1, word, WORD)
        for page in dict.fromkeys(word >> PAGE_SHIFT for word in words):
            code += [(op.I32_CONST, 0), (op.I32_CONST, 1), (op.I32_STORE8, 0, TOUCHED + page, SYSTEM)]
        code += self._advance(len(words))
        self._place(store.position, code, len(words))

    def _log_group(self, store: Store, residue: int, later: list[Store]) -> None:
        """All words of one base; `residue` makes them aligned if the base is as the first word store suggests."""
        starts: dict[int, bool] = {}
        for other in later:
            first = (other.offset - residue) // WORD * WORD + residue
            if other.base == store.base and first >= 0 and abs(first - store.offset) < _GROUP_SPAN:
                starts |= dict.fromkeys(range(first, other.offset + other.size, WORD), True)
        words = sorted(word for word in starts if not self.facts.covers(store.base, word, WORD))
        assert store.holder is not None
        base: list[Instr] = [(op.LOCAL_GET, store.holder)]
        fast: list[Instr] = []
        for number, word in enumerate(words):
            fast += self._entry(number, _plus(base, word), word, base)
            self.facts.add(store.base, word, WORD)
        for word in dict.fromkeys((words[0], words[-1])):
            fast += _mark(_plus(base, word))
        fast += self._advance(len(words))
        span = words[-1] - words[0] + WORD
        test = [*_plus(base, residue), (op.I32_CONST, WORD - 1), (op.I32_AND,)]
        self._place(store.position, self._choose(test, _plus(base, words[0]), span, fast), span // WORD + 1)

    def _log_single(self, store: Store) -> None:
        """One store by itself: the aligned word that holds it, or the words, unless it is not aligned."""
        word = self.body.local(I32, "word")
        before: list[Instr] = []
        after: list[Instr] = []
        if store.holder is None:
            address, value = self.body.local(I32, "address"), self.body.local(store.value_type, "value")
            before = [(op.LOCAL_SET, value), (op.LOCAL_SET, address)]
            after = [(op.LOCAL_GET, address), (op.LOCAL_GET, value)]
        else:
            address = store.holder
        before += [*_plus([(op.LOCAL_GET, address)], store.offset), (op.LOCAL_SET, word)]
        base: list[Instr] = [(op.LOCAL_GET, word)]
        fast: list[Instr] = []
        if store.size < WORD:
            fast += [*base, (op.I32_CONST, -WORD), (op.I32_AND,), (op.LOCAL_SET, word)]
        words = -(-store.size // WORD)
        for number in range(words):
            fast += self._entry(number, _plus(base, WORD * number), WORD * number, base)
        for number in dict.fromkeys((0, words - 1)):
            fast += _mark(_plus(base, WORD * number))
        fast += self._advance(words)
        if store.size > 1:
            test = [*base, (op.I32_CONST, min(store.size, WORD) - 1), (op.I32_AND,)]
            fast = self._choose(test, base, store.size, fast)
        self.facts.add(store.base, store.offset, store.size)
        self._place(store.position, [*before, *fast, *after], words + 1)

    def _choose(self, test: list[Instr], start: list[Instr], length: int, fast: list[Instr]) -> list[Instr]:
        slow = [
            *start,
            (op.I32_CONST, length),
            (op.CALL, self.context.symbols.functions["log_range"]),
            *self._reload(),
        ]
        return [*test, (op.IF, EMPTY_BLOCK), *slow, (op.ELSE,), *fast, (op.END,)]

    def _entry(self, number: int, address: list[Instr], offset: int, base: list[Instr]) -> list[Instr]:
        """Entry `number` behind the log pointer: the word at `address`, which is `base` plus `offset`."""
        log = (op.LOCAL_GET, self._log_local())
        at = LOG_ENTRY_BYTES * number
        return [
            *(log, *address, (op.I32_STORE, 2, at, SYSTEM)),
            *(log, *base, (op.I64_LOAD, 3, offset, GUEST), (op.I64_STORE, 3, at + 8, SYSTEM)),
        ]

    def _advance(self, entries: int) -> list[Instr]:
        log = self._log_local()
        pointer = self.context.symbols.globals["log"]
        step = (op.I32_CONST, LOG_ENTRY_BYTES * entries)
        return [(op.LOCAL_GET, log), step, (op.I32_ADD,), (op.LOCAL_TEE, log), (op.GLOBAL_SET, pointer)]

    def _place(self, position: int, code: list[Instr], entries: int) -> None:
        self.body.insert(position, code)
        self.sites.append(position)
        self.red_zone += LOG_ENTRY_BYTES * entries

    # ── the log pointer ──────────────────────────────────────────────────────────────────────────────────────────────

    def _log_local(self) -> int:
        return self.body.local(I32, "log")

    def _reload(self) -> list[Instr]:
        return [(op.GLOBAL_GET, self.context.symbols.globals["log"]), (op.LOCAL_SET, self._log_local())]

    def _test(self, depth: int) -> list[Instr]:
        limit = self.context.symbols.globals["log_limit"]
        exhausted = (op.BR_IF, self.body.exit_label(EXIT, depth))
        return [(op.LOCAL_GET, self._log_local()), (op.GLOBAL_GET, limit), (op.I32_GT_U,), exhausted]

    def keep_pointer(self) -> None:
        """Load the pointer at entry and after calls, and test it there and at loop headers."""
        if not self.sites:
            return
        self.body.prologue += [*self._reload(), *self._test(0)]
        self.sites.sort()
        for start, stop, depth in self.loops:
            if bisect_left(self.sites, start) < bisect_left(self.sites, stop):
                self.body.insert_first(start, self._test(depth))
        for position, depth, callee in self.calls:
            self.body.insert_first(position + 1, self._reload() + ([] if callee.is_leaf else self._test(depth)))


def add_undo(body: Body, context: Context) -> None:
    """Log what one function overwrites."""
    if EXIT not in body.exits:
        return
    undo = UndoLog(body, context)
    undo.walk()
    undo.keep_pointer()
    context.note_red_zone(body, undo.red_zone)


def signed(number: int) -> int:
    """A u32 as the immediate of i32.const."""
    return number - (1 << 32) if number >= 1 << 31 else number


def _plus(base: list[Instr], offset: int) -> list[Instr]:
    return [*base, (op.I32_CONST, signed(offset)), (op.I32_ADD,)] if offset else base


def _mark(address: list[Instr]) -> list[Instr]:
    """Mark the page of an address as touched."""
    return [
        *(*address, (op.I32_CONST, PAGE_SHIFT), (op.I32_SHR_U,)),
        *((op.I32_CONST, 1), (op.I32_STORE8, 0, TOUCHED, SYSTEM)),
    ]
