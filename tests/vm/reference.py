"""The machine's inner loop on wasmtime's public API: slow, plain, the oracle for `corten.vm.engine`."""

from __future__ import annotations

import functools

import numpy as np
import wasmtime

from corten.base.errors import TrapCode
from corten.vm.batch import Frames
from corten.vm.layout import HEADER_OFFSET, INBOX_BYTES, NEXT_INDEX_OFFSET, RECEIPT, U32, Layout

_TRAPS = {
    wasmtime.TrapCode.MEMORY_OUT_OF_BOUNDS: TrapCode.MEMORY_OUT_OF_BOUNDS,
    wasmtime.TrapCode.INTEGER_OVERFLOW: TrapCode.INTEGER_OVERFLOW,
    wasmtime.TrapCode.INTEGER_DIVISION_BY_ZERO: TrapCode.DIVISION_BY_ZERO,
    wasmtime.TrapCode.UNREACHABLE: TrapCode.UNREACHABLE,
}


@functools.cache
def _engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    config.wasm_multi_memory = True
    return wasmtime.Engine(config)


@functools.cache
def _compile(module: bytes) -> wasmtime.Module:
    return wasmtime.Module(_engine(), module)


class ReferenceInstance:
    """One message a crossing, everything through public calls."""

    def __init__(self, module: bytes, layout: Layout) -> None:
        compiled = _compile(module)
        self.store = wasmtime.Store(_engine())
        self.layout = layout
        self.exports = wasmtime.Instance(self.store, compiled, []).exports(self.store)
        self.system = self.exports["corten.system"]

    def apply(self, frame: bytes, flags: int, header: bytes) -> tuple[tuple[int, ...], bytes]:
        """The receipt's fields and the records of one frame."""
        assert len(frame) <= INBOX_BYTES
        layout = self.layout
        self.system.write(self.store, layout.control(layout.inbox + len(frame), flags), 0)
        self.system.write(self.store, header, HEADER_OFFSET)
        self.system.write(self.store, frame, layout.inbox)
        try:
            self.exports["corten.run"](self.store)
        except wasmtime.Trap as trap:
            self.exports["corten.recover"](self.store, int(_TRAPS[trap.trap_code]))
            self.exports["corten.run"](self.store)
        assert self._u32(NEXT_INDEX_OFFSET) == 1
        receipt = RECEIPT.unpack(self.system.read(self.store, layout.receipts, layout.receipts + RECEIPT.size))
        return receipt, bytes(self.system.read(self.store, layout.outbox, self._u32(32)))

    def memory(self) -> bytes:
        """The guest's memory."""
        return bytes(self.exports["memory"].read(self.store))

    def _u32(self, offset: int) -> int:
        return int(U32.unpack(self.system.read(self.store, offset, offset + 4))[0])


def frames_of(frames: Frames) -> list[bytes]:
    """Each frame's bytes."""
    words = np.zeros((len(frames), frames.stride // 8), np.uint64)
    frames.write(0, words)
    return [row.tobytes() for row in words]
