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
ABSOLUTE: Final = -1  # base of stores to constant addresses
_PAGES: Final = -2  # base of the facts which pages were marked
_GROUP_SPAN: Final = 2048  # stores to one base so far apart are logged apart: their ends are on at most two pages
_BATCH_STORES: Final = 64
_UNTESTED_BYTES: Final = 16_384
_JUMPS: Final = frozenset((op.BR, op.BR_IF, op.BR_TABLE))
_CALLS: Final = frozenset((op.CALL, op.CALL_INDIRECT)) | BULK


@dataclass(slots=True)
class Store:
    """One store of the guest: bytes [offset, offset + size) from a base value."""

    position: int
    base: int  # value number, or ABSOLUTE
    offset: int
    size: int
    value_type: int
    depth: int  # blocks that it is inside of
    holder: int | None  # a local that holds the base here
    held_since: int  # position of the instruction that put it there

    @property
    def end(self) -> int:
        return self.offset + self.size


@dataclass(slots=True)
class _Batch:
    """What is logged at one place: stores by base, with the local that holds each base."""

    first: Store
    holders: dict[int, int]
    groups: dict[tuple[int, int], list[Store]]  # by base and span
    count: int = 1

    def knows(self, store: Store) -> bool:
        """Whether a local holds the base of a later store here, already."""
        if store.base == ABSOLUTE or store.base in self.holders:
            return True
        if store.holder is None or store.held_since >= self.first.position:
            return False
        self.holders[store.base] = store.holder
        return True


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

        Not the aligned word around them: code that fills an array would wait for its own last store to load it.
        """
        last: Instr = (op.I32_CONST, signed(self._memory_bytes - WORD))
        address: list[Instr] = [(op.LOCAL_GET, local)]
        self._code += [*start, last, *start, last, (op.I32_LT_U,), (op.SELECT,), (op.LOCAL_SET, local)]
        self.add(address, address, 0)
        self.mark_across(start, size)

    def mark_across(self, start: list[Instr], size: int) -> None:
        """Mark the page of up to 8 bytes, and if they are not aligned, the page of the last one."""
        self.marks += _mark(start)
        if size > 1:
            self.marks += _if_unaligned(start, size, _mark(_plus(start, size - 1)))

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
        self._untested = 0  # bytes that may have been logged, at this place, since the last test of the limit
        self._peaks: list[tuple[int, int]] = []  # per open block: what was untested at its start, and the most since
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
                values.assign(position, instr[1], stack.pop())
            elif code == op.LOCAL_TEE:
                values.assign(position, instr[1], stack[-1])
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
            base, offset = ABSOLUTE, ~base + offset
            if offset + size > self._memory_bytes:  # it traps
                return
        values = self.values
        holder = values.holder(base)
        held_since = -1 if holder is None else values.assigned_at[holder]
        depth = len(values.constructs)
        self.stretch.append(Store(position, base, offset, size, value_type, depth, holder, held_since))

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
            self._untested = self._peaks[-1][0]
        elif code == op.END:
            construct = values.close()
            before, peak = self._peaks.pop()
            if construct.is_joined:
                self.facts.forget(construct.known)
                self._untested = max(before, peak)
            self._note_peak(peak)
            if construct.kind == op.LOOP:
                start, depth = self._open_loops.pop()
                self.loops.append((start, position, depth))
        elif code != op.UNREACHABLE:
            values.open(instr, position, len(self.facts.trail))
            self._peaks.append((self._untested, self._untested))
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
        """Log what the noted stores will change."""
        if not self.stretch:
            return
        stores, self.stretch = self.stretch, []
        batches: list[_Batch] = []
        for store in stores:
            if not self.facts.covers(store.base, store.offset, store.size):
                self._assign(store, batches)
        for batch in batches:
            self._log_batch(batch)

    def _assign(self, store: Store, batches: list[_Batch]) -> None:
        """Put a store into the first batch whose place already knows its base, or into a new one at the store."""
        group = store.base, store.offset // _GROUP_SPAN
        for batch in batches:
            if batch.knows(store) and batch.count < _BATCH_STORES:
                batch.groups.setdefault(group, []).append(store)
                batch.count += 1
                return
        holders = {}
        if store.base != ABSOLUTE:
            holders[store.base] = self.body.local(I32, "address") if store.holder is None else store.holder
        batches.append(_Batch(store, holders, {group: [store]}))

    def _log_batch(self, batch: _Batch) -> None:
        before, after = self._operands(batch)
        entries = _Entries(self._log_local(), self.context.symbols.globals["log"], self._memory_bytes)
        for (base, _), stores in batch.groups.items():
            if base == ABSOLUTE:
                self._log_constants(stores, entries)
            else:
                self._log_group([(op.LOCAL_GET, batch.holders[base])], stores, entries)
        if entries.count:
            code = [*before, *entries.finish(), *after]
            self._place(batch.first, code, LOG_ENTRY_BYTES * entries.count)

    def _place(self, store: Store, code: list[Instr], size: int) -> None:
        """Insert a batch; the limit is tested before it if too much was logged since the last test."""
        self._untested += size
        if self._untested > _UNTESTED_BYTES:
            self.body.insert(store.position, self._test(store.depth))
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
        address, value = batch.holders[store.base], self.body.local(store.value_type, "value")
        return (
            [(op.LOCAL_SET, value), (op.LOCAL_SET, address)],
            [(op.LOCAL_GET, address), (op.LOCAL_GET, value)],
        )

    def _log_constants(self, stores: list[Store], entries: _Entries) -> None:
        """Aligned words at addresses that are known; their pages are, too."""
        for store in stores:
            for word in range(store.offset & -WORD, store.end, WORD):
                if self.facts.covers(ABSOLUTE, word, WORD):
                    continue
                entries.add([(op.I32_CONST, signed(word))], [(op.I32_CONST, 0)], word)
                self.facts.add(ABSOLUTE, word, WORD)
                page = word >> PAGE_SHIFT
                if not self.facts.covers(_PAGES, page, 1):
                    entries.marks += [(op.I32_CONST, 0), (op.I32_CONST, 1), (op.I32_STORE8, 0, TOUCHED + page, SYSTEM)]
                    self.facts.add(_PAGES, page, 1)

    def _log_group(self, base: list[Instr], stores: list[Store], entries: _Entries) -> None:
        """The stores to one base."""
        name, start, end = stores[0].base, min(s.offset for s in stores), max(s.end for s in stores)
        if end < WORD:
            entries.add_clamped(self.body.local(I32, "clamped"), _plus(base, start), end - start)
            self.facts.add(name, start, end - start)
            return
        windows = [w for w in _windows(stores, end) if not self.facts.covers(name, w, WORD)]
        for window in windows:
            entries.add(_plus(base, window), base, window)
        if not windows:  # two groups overlap, and the other one's entries hold all of this one
            return
        low, high = min(windows), max(windows) + WORD
        if high - low > WORD:
            entries.marks += [*_mark(_plus(base, low)), *_mark(_plus(base, high - 1))]
        else:
            if low % WORD and end - start < WORD:  # narrow stores: what is aligned is they, not the entry
                low, high = start, end
            entries.mark_across(_plus(base, low), high - low)
        for window in windows:
            first, last = max(window, low), min(window + WORD, high)
            self.facts.add(name, first, last - first)

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
            self.body.insert_first(position + 1, self._reload() + (self._test(depth) if callee.logs_much else []))


def add_undo(body: Body, context: Context) -> None:
    """Log what one function overwrites."""
    if EXIT not in body.exits:
        return
    undo = UndoLog(body, context)
    undo.walk()
    undo.keep_pointer()
    context.red_zone = max(context.red_zone, undo.red_zone)


def signed(number: int) -> int:
    """A u32 as the immediate of i32.const."""
    return number - (1 << 32) if number >= 1 << 31 else number


def _plus(base: list[Instr], offset: int) -> list[Instr]:
    if not offset:
        return base
    if len(base) > 2:  # itself a base and an offset
        offset, base = offset + base[-2][1], base[:-2]
    return [*base, (op.I32_CONST, signed(offset & 0xFFFF_FFFF)), (op.I32_ADD,)]


def _windows(stores: list[Store], end: int) -> list[int]:
    """Where the entries for stores to one base begin: 8 apart, aligned as the first wide store, none past `end`."""
    residue = next((store.offset % WORD for store in stores if store.size >= WORD), 0)
    found: dict[int, bool] = {}
    for store in stores:
        first = (store.offset - residue) // WORD * WORD + residue
        for window in range(first, store.end, WORD):
            found[max(0, min(window, end - WORD))] = True
    return list(found)


def _if_unaligned(start: list[Instr], size: int, code: list[Instr]) -> list[Instr]:
    """Run `code` if the bytes are not aligned to their size, rounded up to a power of two."""
    mask = (1 << (size - 1).bit_length()) - 1
    return [*start, (op.I32_CONST, mask), (op.I32_AND,), (op.IF, EMPTY_BLOCK), *code, (op.END,)]


def _mark(address: list[Instr]) -> list[Instr]:
    """Mark the page of an address as touched."""
    return [
        *(*address, (op.I32_CONST, PAGE_SHIFT), (op.I32_SHR_U,)),
        *((op.I32_CONST, 1), (op.I32_STORE8, 0, TOUCHED, SYSTEM)),
    ]
