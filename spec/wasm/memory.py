"""Linear memory, and how a load's bytes become a value: WebAssembly Core 2.0, sections 4.2.8 and 4.4.7."""

from __future__ import annotations

from functools import partial
from typing import Final

from corten.base.errors import TrapCode
from spec.wasm.integers import iextend_s, signed, wrap
from spec.wasm.scalars import Operator, identity
from spec.wasm.trap import Trap
from spec.wasm.vectors import extract_u, lanes, replace, splat, vector

PAGE_BYTES: Final = 65536
MOST_PAGES: Final = 65536


class Memory:
    """Bytes, in pages of 64 KiB. `maximum` is the most pages it may have."""

    def __init__(self, minimum: int, maximum: int) -> None:
        self.content = bytearray(minimum * PAGE_BYTES)
        self.maximum = maximum

    @property
    def pages(self) -> int:
        return len(self.content) // PAGE_BYTES

    def read(self, address: int, size: int) -> bytes:
        """Bytes [address, address + size). Traps if not all of them exist."""
        self.check(address, size)
        return bytes(self.content[address : address + size])

    def write(self, address: int, data: bytes) -> None:
        """Put bytes at an address. Traps before anything is written if not all of them exist."""
        self.check(address, len(data))
        self.content[address : address + len(data)] = data

    def check(self, address: int, size: int) -> None:
        if address + size > len(self.content):
            raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)

    def grow(self, more: int) -> int:
        """The previous number of pages, or -1 (as 32 bits) if there may not be so many."""
        before = self.pages
        if before + more > self.maximum:
            return wrap(32, -1)
        self.content.extend(bytes(more * PAGE_BYTES))
        return before


def load_operators() -> dict[str, Operator]:
    """By name: from the integer that was read (then the vector and the lane, if any) to the value."""
    table: dict[str, Operator] = {f"{kind}.load": identity for kind in ("i32", "i64", "f32", "f64", "v128")}
    for n in (32, 64):
        for m in (8, 16, 32):
            table[f"i{n}.load{m}_u"] = identity
            table[f"i{n}.load{m}_s"] = partial(iextend_s, m, n)
    for n in (8, 16, 32, 64):
        table[f"v128.load{n}_splat"] = partial(splat, n)
        table[f"v128.load{n}_zero"] = identity
        table[f"v128.load{n}_lane"] = partial(load_lane, n)
    for n in (8, 16, 32):
        table[f"v128.load{n}x{64 // n}_u"] = partial(load_extended, n, False)
        table[f"v128.load{n}x{64 // n}_s"] = partial(load_extended, n, True)
    return table


def store_operators() -> dict[str, Operator]:
    """By name: from the operand (and the lane, if any) to the integer whose low bytes are written."""
    table: dict[str, Operator] = {f"{kind}.store": identity for kind in ("i32", "i64", "f32", "f64", "v128")}
    table |= {f"i{n}.store{m}": partial(wrap, m) for n in (32, 64) for m in (8, 16, 32)}
    table |= {f"v128.store{n}_lane": partial(extract_u, n) for n in (8, 16, 32, 64)}
    return table


def load_extended(n: int, is_signed: bool, raw: int) -> int:
    """Eight bytes as lanes of n bits, each extended to twice the width."""
    values = lanes(n, raw)[: 64 // n]
    return vector(2 * n, [wrap(2 * n, signed(n, x)) if is_signed else x for x in values])


def load_lane(n: int, raw: int, v: int, lane: int) -> int:
    """The vector with one lane from memory."""
    return replace(n, v, raw, lane)
