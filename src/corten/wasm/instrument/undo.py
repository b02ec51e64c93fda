"""Undo log: before a store changes guest memory, the log holds what was there, and the page is marked as touched.

An entry is 16 bytes of system memory: an address, and the 8 bytes that were there. It may lie anywhere: rollback puts
entries back newest first. The log pointer is a local, and every append also writes it to a global, so that it is right
wherever the guest may trap.

    log[0] = address; log[8] = 8 bytes at address; touched[address >> 12] = 1; log += 16

- The stores of one stretch of code without branches or calls are logged together, as early as their base addresses
  are known: one pointer step for all, and one entry for what lies within 8 bytes. Logging early is safe: the stretch
  runs to its end or traps.
- Bytes that were logged on every path to a store are not logged again.
- An entry must not reach past the end of memory where the store does not: it ends where the last store of its base
  ends, or if that is within 8 bytes of the base, it begins at most 8 bytes before the end of memory.
- A store across a page border marks both pages: a test that is nearly never true. Several entries mark their ends.
- The log's limit is tested at function entries, loop headers and after calls; `red_zone` is what can be written
  between two tests, and the host leaves that much room behind the limit.
- A large module full of stores is *compact*: outside of loops an entry is a call of `log_word`. The log pointer is in
  the local only inside of loops, then, and loaded before each that logs.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corten.wasm import op
from corten.wasm.instrument.body import OPENING
from corten.wasm.instrument.context import STORES
from corten.wasm.instrument.layout import GUEST, LOG_ENTRY_BYTES, PAGE_SHIFT, SYSTEM, TOUCHED
from corten.wasm.instrument.marks import mark_across, mark_ends, mark_page, plus, signed
from corten.wasm.instrument.stretches import ABSOLUTE, PAGES, Stretches
from corten.wasm.opcodes import I32

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corten.wasm.instrument.body import Body
    from corten.wasm.instrument.context import Callee, Context, Facts
    from corten.wasm.instrument.stretches import Access
    from corten.wasm.instrument.values import Construct
    from corten.wasm.module import Instr

EXIT: Final = "log_exhausted"
WORD: Final = 8
_BATCH_STORES: Final = 64
_UNTESTED_BYTES: Final = 16_384
_COMPACT_STORES: Final = 2_000  # in a module; written in place they are 90 KB of code
_COMPACT_SPACING: Final = 40  # instructions a store, on average: the log would weigh half of what the code does


@dataclass(slots=True)
class _Batch:
    """What is logged at one place: stores by base, with the local that holds each base."""

    first: Access
    holders: dict[int, int]
    groups: dict[tuple[int, int], list[Access]]  # by base and span
    count: int = 1

    def knows(self, store: Access) -> bool:
        """Whether a local holds the base of a later store here, already."""
        if store.base == ABSOLUTE or store.base in self.holders:
            return True
        if store.holder is None or store.held_since >= self.first.position:
            return False
        self.holders[store.base] = store.holder
        return True


class _Entries:
    """The code of one batch. Entries stand at fixed distances behind the log pointer, which moves once, at the end."""

    def __init__(self, log: int, pointer: int, memory_bytes: int) -> None:
        self.marks: list[Instr] = []
        self.count = 0
        self._log = log
        self._pointer = pointer
        self._memory_bytes = memory_bytes
        self._code: list[Instr] = []

    def add(self, address: list[Instr], base: list[Instr], offset: int) -> None:
        """The 8 bytes at `address`, which is `base` plus `offset`."""
        self._code += self._entry(LOG_ENTRY_BYTES * self.count, address, base, offset)
        self.count += 1

    def add_clamped(self, local: int, start: list[Instr], size: int) -> None:
        """The 8 bytes from `start`, or the last 8 of memory if they would reach beyond; `local` is for their address.

        Not the aligned word around them: code that fills an array would wait for its own last store to load it. The
        address that lies in memory is marked, never `start`: a store that will trap must not reach behind the page map.
        """
        last: Instr = (op.I32_CONST, signed(self._memory_bytes - WORD))
        address: list[Instr] = [(op.LOCAL_GET, local)]
        self._code += [*start, last, *start, last, (op.I32_LT_U,), (op.SELECT,), (op.LOCAL_SET, local)]
        self.add(address, address, 0)
        self.marks += mark_across(address, size, TOUCHED)

    def finish(self) -> list[Instr]:
        """All of it; the log pointer last."""
        return [*self._code, *self.marks, *self._step()]

    def _entry(self, at: int, address: list[Instr], base: list[Instr], offset: int) -> list[Instr]:
        log = (op.LOCAL_GET, self._log)
        return [
            *(log, *address, (op.I32_STORE, 2, at, SYSTEM)),
            *(log, *base, (op.I64_LOAD, 0, offset, GUEST), (op.I64_STORE, 3, at + 8, SYSTEM)),
        ]

    def _step(self) -> list[Instr]:
        log, step = self._log, (op.I32_CONST, LOG_ENTRY_BYTES * self.count)
        return [(op.LOCAL_GET, log), step, (op.I32_ADD,), (op.LOCAL_TEE, log), (op.GLOBAL_SET, self._pointer)]


class _Calls:
    """The code of one batch that calls `log_word` for each entry, where size matters more than time."""

    def __init__(self, helper: int) -> None:
        self.marks: list[Instr] = []  # the helper marks
        self.count = 0
        self._helper = helper
        self._code: list[Instr] = []

    def add(self, address: list[Instr], base: list[Instr], offset: int) -> None:
        """The 8 bytes at `address`, or the last 8 of memory if they would reach beyond."""
        self._code += [*address, (op.CALL, self._helper)]
        self.count += 1

    def add_clamped(self, local: int, start: list[Instr], size: int) -> None:
        """The same: the helper clamps."""
        self.add(start, start, 0)

    def finish(self) -> list[Instr]:
        """All of it."""
        return self._code


class UndoLog(Stretches):
    """The pass over one function."""

    def __init__(self, body: Body, context: Context) -> None:
        super().__init__(body, context, STORES)
        self.sites: list[int] = []
        self.loops: list[tuple[int, int, int]] = []  # first position, last position, depth
        self.calls: list[tuple[int, int, Callee]] = []  # position, depth
        self.red_zone = 0
        self._untested = 0  # bytes that may have been logged, at this place, since the last test of the limit
        self._peaks: list[tuple[int, int]] = []  # per open block: what was untested at its start, and the most since
        self._open_loops: list[tuple[int, int]] = []
        # where entries are written in place, and the log pointer is in a local
        self._hot = _outer_loops(body.core) if context.is_compact else [(-1, len(body.core))]

    # ── the walk ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def entered(self, position: int, instr: Instr) -> None:
        self._peaks.append((self._untested, self._untested))
        if instr[0] == op.LOOP:
            self._open_loops.append((position + 1, len(self.values.constructs)))

    def alternated(self) -> None:
        self._untested = self._peaks[-1][0]

    def left(self, position: int, construct: Construct) -> None:
        before, peak = self._peaks.pop()
        if construct.is_joined:
            self._untested = max(before, peak)
        self._note_peak(peak)
        if construct.kind == op.LOOP:
            start, depth = self._open_loops.pop()
            self.loops.append((start, position, depth))

    def called(self, position: int, instr: Instr) -> None:
        """A call ends the stretch, and may have moved the log pointer."""
        callee = self.context.callee(instr)
        if callee is None:
            return
        self.end_stretch()
        if callee.logs:
            self.calls.append((position, len(self.values.constructs), callee))

    # ── logging a stretch ────────────────────────────────────────────────────────────────────────────────────────────

    def finish(self, stretch: list[Access]) -> None:
        """Log what the stores will change."""
        batches: list[_Batch] = []
        for store in stretch:
            self._assign(store, batches)
        for batch in batches:
            self._log_batch(batch)

    def _assign(self, store: Access, batches: list[_Batch]) -> None:
        """Put a store into the first batch whose place already knows its base, or into a new one at the store."""
        for batch in batches:
            if batch.knows(store) and batch.count < _BATCH_STORES:
                batch.groups.setdefault(store.group, []).append(store)
                batch.count += 1
                return
        holders = {}
        if store.base != ABSOLUTE:
            holders[store.base] = self.body.local(I32, "address") if store.holder is None else store.holder
        batches.append(_Batch(store, holders, {store.group: [store]}))

    def _log_batch(self, batch: _Batch) -> None:
        before, after = self._operands(batch)
        entries = self._entries(batch.first.position)
        for (base, _), stores in batch.groups.items():
            if base == ABSOLUTE:
                self._log_constants(stores, entries)
            else:
                self._log_group([(op.LOCAL_GET, batch.holders[base])], stores, entries)
        if entries.count:
            code = [*before, *entries.finish(), *after]
            self._place(batch.first, code, LOG_ENTRY_BYTES * entries.count)

    def _entries(self, position: int) -> _Entries | _Calls:
        symbols = self.context.symbols
        if self._is_hot(position):
            return _Entries(self._log_local(), symbols.globals["log"], self.memory_bytes)
        return _Calls(symbols.functions["log_word"])

    def _is_hot(self, position: int) -> bool:
        """Whether that is one of the places."""
        at = bisect_right(self._hot, (position, len(self.body.core))) - 1
        return at >= 0 and position <= self._hot[at][1]

    def _place(self, store: Access, code: list[Instr], size: int) -> None:
        """Insert a batch; the limit is tested before it if too much was logged since the last test."""
        self._untested += size
        if self._untested > _UNTESTED_BYTES:
            self.body.insert(store.position, self._test(store.position, store.depth))
            self._untested = size
        self.red_zone = max(self.red_zone, self._untested)
        self._note_peak(self._untested)
        self.body.insert(store.position, code)
        self.sites.append(store.position)

    def _note_peak(self, untested: int) -> None:
        if self._peaks:
            before, peak = self._peaks[-1]
            self._peaks[-1] = before, max(peak, untested)

    def _operands(self, batch: _Batch) -> tuple[list[Instr], list[Instr]]:
        """Code that keeps the first store's address in a local, if none holds it."""
        store = batch.first
        if store.base == ABSOLUTE or store.holder is not None:
            return [], []
        assert store.value_type is not None, "a store has a value"
        address, value = batch.holders[store.base], self.body.local(store.value_type, "value")
        return (
            [(op.LOCAL_SET, value), (op.LOCAL_SET, address)],
            [(op.LOCAL_GET, address), (op.LOCAL_GET, value)],
        )

    def _log_constants(self, stores: list[Access], entries: _Entries | _Calls) -> None:
        """Aligned words at addresses that are known; their pages are, too."""
        for store in stores:
            for word in range(store.offset & -WORD, store.end, WORD):
                if self.facts.covers(ABSOLUTE, word, WORD):
                    continue
                entries.add([(op.I32_CONST, signed(word))], [(op.I32_CONST, 0)], word)
                self.facts.add(ABSOLUTE, word, WORD)
                page = word >> PAGE_SHIFT
                if not self.facts.covers(PAGES, page, 1):
                    entries.marks += mark_page(page, TOUCHED)
                    self.facts.add(PAGES, page, 1)

    def _log_group(self, base: list[Instr], stores: list[Access], entries: _Entries | _Calls) -> None:
        """The stores to one base."""
        name, start, end = stores[0].base, min(s.offset for s in stores), max(s.end for s in stores)
        if end < WORD:
            entries.add_clamped(self.body.local(I32, "clamped"), plus(base, start), end - start)
            self.facts.add(name, start, end - start)
            return
        windows = [w for w in _windows(stores, end) if not self.facts.covers(name, w, WORD)]
        for window in windows:
            entries.add(plus(base, window), base, window)
        if not windows:  # two groups overlap, and the other one's entries hold all of this one
            return
        low, high = min(windows), max(windows) + WORD
        if high - low > WORD:
            entries.marks += mark_ends(base, low, high, TOUCHED)
        else:
            if low % WORD and end - start < WORD:  # narrow stores: what is aligned is they, not the entry
                low, high = start, end
            entries.marks += mark_across(plus(base, low), high - low, TOUCHED)
        for window in windows:
            first, last = max(window, low), min(window + WORD, high)
            self.facts.add(name, first, last - first)

    # ── the log pointer ──────────────────────────────────────────────────────────────────────────────────────────────

    def _log_local(self) -> int:
        return self.body.local(I32, "log")

    def _reload(self) -> list[Instr]:
        return [(op.GLOBAL_GET, self.context.symbols.globals["log"]), (op.LOCAL_SET, self._log_local())]

    def _test(self, position: int, depth: int) -> list[Instr]:
        names = self.context.symbols.globals
        pointer = (op.LOCAL_GET, self._log_local()) if self._is_hot(position) else (op.GLOBAL_GET, names["log"])
        exhausted = (op.BR_IF, self.body.exit_label(EXIT, depth))
        return [pointer, (op.GLOBAL_GET, names["log_limit"]), (op.I32_GT_U,), exhausted]

    def keep_pointer(self) -> None:
        """Load the pointer at entry and after calls, and test it there and at loop headers."""
        if not self.sites:
            return
        self.sites.sort()
        self._hot = [(first, last) for first, last in self._hot if self._logs_in(first, last)]
        if self._is_hot(-1):
            self.body.prologue += self._reload()
        self.body.prologue += self._test(-1, 0)
        for start, stop, depth in self.loops:
            if self._logs_in(start, stop):
                self.body.insert_first(start, self._test(start, depth))
        for first, _ in self._hot:
            if first >= 0:
                self.body.insert(first, self._reload())
        for position, depth, callee in self.calls:
            code = self._reload() if self._is_hot(position) else []
            self.body.insert_first(position + 1, code + (self._test(position, depth) if callee.logs_much else []))

    def _logs_in(self, first: int, last: int) -> bool:
        return bisect_left(self.sites, first) < bisect_left(self.sites, last)


def add_undo(body: Body, context: Context) -> None:
    """Log what one function overwrites."""
    if EXIT not in body.exits:
        return
    undo = UndoLog(body, context)
    undo.walk()
    undo.keep_pointer()
    context.red_zone = max(context.red_zone, undo.red_zone)


def _windows(stores: list[Access], end: int) -> list[int]:
    """Where the entries for stores to one base begin: 8 apart, aligned as the first wide store, none past `end`."""
    residue = next((store.offset % WORD for store in stores if store.size >= WORD), 0)
    found: dict[int, bool] = {}
    for store in stores:
        first = (store.offset - residue) // WORD * WORD + residue
        for window in range(first, store.end, WORD):
            found[max(0, min(window, end - WORD))] = True
    return list(found)


def is_compact(facts: Sequence[Facts], live: Sequence[Sequence[Instr]]) -> bool:
    """Whether a module is so large and so full of stores that entries written in place would weigh too much."""
    stores = sum(fact.stores for fact in facts)
    return stores >= _COMPACT_STORES and stores * _COMPACT_SPACING > sum(map(len, live))


def _outer_loops(core: list[Instr]) -> list[tuple[int, int]]:
    """First and last position of each loop that is in no other."""
    found: list[tuple[int, int]] = []
    opened: list[int] = []
    first, loops = 0, 0
    for position, instr in enumerate(core):
        code = instr[0]
        if code in OPENING:
            opened.append(code)
            if code == op.LOOP:
                first = first if loops else position
                loops += 1
        elif code == op.END and opened.pop() == op.LOOP:
            loops -= 1
            if not loops:
                found.append((first, position))
    return found
