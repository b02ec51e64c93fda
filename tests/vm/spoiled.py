"""Completeness of recorded accesses, by experiment: a message runs again on memory that is garbage elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corten import Rejected, Trapped
from corten.vm import Contract, Machine, Receipt, Receipts
from corten.vm.layout import PAGE_BYTES

Build = Callable[[Machine], object]


class SpoiledTwin:
    """A recording machine and a plain one with the same contracts. `send` applies a message to the first; then to the
    second from the same state, but with garbage in every page of every contract that the message did not access: nobody
    may notice. It does so twice: the second time pages that were only written are garbage, too.
    """

    def __init__(self, build: Build, engine: str = "wasmtime", memory_limit: int = 1 << 20, **options: Any) -> None:
        self.recording = Machine(engine, memory_limit=memory_limit, record_access=True, **options)
        self.spoiled = Machine(engine, memory_limit=memory_limit, **options)
        for machine in (self.recording, self.spoiled):
            build(machine)
        assert self.recording.state_root == self.spoiled.state_root
        shape = memory_limit // PAGE_BYTES, PAGE_BYTES
        self._garbage = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
        self.kept: list[int] = []

    def send(self, contract: str, act: Callable[[Contract], Any]) -> Any:
        """One message, view or batch, everywhere; what it came to on the recording machine."""
        snapshot = self.recording.snapshot()
        before = self._memories(self.recording)
        found = _outcome(self.recording[contract], act)
        after = self._memories(self.recording)
        accesses = self.recording[contract].accesses
        for only_read in (False, True):
            self._restore(snapshot)
            given = {}
            for name, memory in self._memories(self.spoiled, copy=False).items():
                kept = _kept(accesses, self.spoiled[name], only_read)
                memory[:] = self._garbage
                memory[kept] = before[name][kept]
                given[name] = memory.copy()
                self.kept.append(len(kept))
            again = _outcome(self.spoiled[contract], act)
            assert comparable(again) == comparable(found)
            self._check_memories(accesses, before, after, given)
        return found

    def _check_memories(self, accesses: Any, before: Any, after: Any, given: Any) -> None:
        """What the message changed is what it makes of it without garbage; all that it did not write is as it was."""
        memories = self._memories(self.spoiled, copy=False)
        assert memories.keys() == after.keys()
        for name in before:
            memory = memories[name]
            written = _kept(accesses, self.spoiled[name], None)
            untouched = np.delete(np.arange(len(memory)), written)
            changed = before[name] != after[name]
            assert np.array_equal(memory[untouched], given[name][untouched])
            assert np.array_equal(memory[changed], after[name][changed])

    def _restore(self, snapshot: Any) -> None:
        """Back to the snapshot: garbage was written behind the machine's back, so every page counts as touched."""
        for contract in self.spoiled:
            resident: Any = contract.residency.live()
            resident._touched[:] = 1
        self.spoiled.restore(snapshot)

    @staticmethod
    def _memories(machine: Machine, *, copy: bool = True) -> dict[str, NDArray[np.uint8]]:
        found = {}
        for contract in machine:
            resident: Any = contract.residency.live()
            memory = np.frombuffer(resident.memory, np.uint8).reshape(-1, PAGE_BYTES)
            found[contract.name] = memory.copy() if copy else memory
        return found


def _kept(accesses: Any, contract: Any, only_read: bool | None) -> NDArray[np.uint32]:
    """The pages of a contract that were accessed, were read, or (None) were written."""
    if contract.address not in accesses:
        return np.empty(0, np.uint32)
    access = accesses[contract]
    return {None: access.written, True: access.read, False: access.pages}[only_read]


def _outcome(contract: Contract, act: Callable[[Contract], Any]) -> Any:
    """What it came to: receipts, or a view's value, or what the view raised."""
    try:
        return act(contract)
    except (Rejected, Trapped) as error:
        return error


def comparable(found: Any) -> Any:
    """All that a caller learns, but for the accesses."""
    if isinstance(found, Receipts):
        kinds = (found.events, found.results)
        return found.columns.tolist(), [rows.tobytes() for kind in kinds for rows in kind.values()]
    if isinstance(found, Receipt):
        return found.status, found.code, found.site, found.gas, found._callee, found._records
    if isinstance(found, Exception):
        return type(found), str(found)
    return np.asarray(found).tolist()
