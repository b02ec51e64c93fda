"""Where things stand in an instrumented module: system memory, injected globals, injected functions.

Index spaces grow without renumbering the guest: an import's stub takes the import's index, the guest's functions keep
theirs, what is injected comes after them; injected globals come after the guest's. Only the imports that stay displace
as many stubs from the first indices: `Symbols.moved` tells where they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corten.wasm import op
from corten.wasm.module import Global, Kind
from corten.wasm.opcodes import I32, I64

if TYPE_CHECKING:
    from corten.wasm.module import Module

GUEST: Final = 0
SYSTEM: Final = 1
WASM_PAGE: Final = 65536
PAGE_SHIFT: Final = 12  # state pages are 4 KiB
LAYOUT_VERSION: Final = 1

# The control block (docs/spec/module.md), byte offsets in system memory.
CONTROL: Final = {
    "version": 0,
    "frames": 4,
    "end": 8,
    "cursor": 12,
    "message": 16,
    "receipts": 20,
    "outbox": 24,
    "outbox_limit": 28,
    "outbox_cursor": 32,
    "index": 36,
    "index_limit": 40,
    "index_cursor": 44,
    "log": 48,
    "log_limit": 52,
    "touched": 56,
    "flags": 60,
    "gas_limit": 64,
    "time": 72,
    "height": 80,
    "chain": 88,
    "stack_limit": 96,
    "address": 100,
}
TOUCHED: Final = 4096  # the touched-page map is at a fixed place, so that marking a page is one store
READ_MAP_BYTES: Final = 1 << (32 - PAGE_SHIFT)
"""A byte for every page that a guest can name, whether it has it or not: so no address marks outside of the map."""
RECEIPT_BYTES: Final = 32
LOG_ENTRY_BYTES: Final = 16  # u32 word address, u32 unused, u64 old word

FLAG_READ_ONLY: Final = 1
FLAG_INIT: Final = 2

INJECTED_GLOBALS: Final = {
    "pages": I32,  # first, so that its index is the number of the guest's globals
    "gas": I64,
    "depth": I32,
    "log": I32,
    "log_begin": I32,
    "log_limit": I32,
    "trap": I32,  # code | site << 12 that the guest raised, 0 none
    "sender": I32,
    "time": I64,
    "height": I64,
    "chain": I64,
    "entry": I32,
    "message": I32,
    "outbox": I32,
    "outbox_limit": I32,
    "outbox_start": I32,  # where the current message's records begin
    "index": I32,
    "index_limit": I32,
    "index_start": I32,
}


def read_map(memory_pages: int) -> int:
    """Where the read-page map of the recording variant begins: behind the touched-page map."""
    return TOUCHED + memory_pages * (WASM_PAGE >> PAGE_SHIFT)


def host_begin(memory_pages: int, *, records: bool = False) -> int:
    """The first byte of system memory that is the host's to lay out, behind the page maps."""
    return read_map(memory_pages) + (READ_MAP_BYTES if records else 0)


class Symbols:
    """Names of injected globals and functions, and the guest's shape before injection.

    `kept` imports stay; they take the first indices, and the stubs that would stand there come last.
    """

    def __init__(self, module: Module, helpers: list[str], kept: int) -> None:
        imports = module.imported(Kind.FUNCTION)
        self.guest_functions = range(len(imports), len(imports) + len(module.functions))
        names = [*helpers, *(f"import.{index}" for index in range(kept))]
        self.functions = {name: self.guest_functions.stop + index for index, name in enumerate(names)}
        self.kept = kept
        first = len(module.globals)
        self.globals = {name: first + index for index, name in enumerate(INJECTED_GLOBALS)}
        self.mutable = [index for index, item in enumerate(module.globals) if item.mutable]
        saved = first + len(INJECTED_GLOBALS)
        self.saved = {index: saved + number for number, index in enumerate([*self.mutable, self.globals["pages"]])}
        for index, copy in self.saved.items():
            self.globals |= {f"guest.{index}": index, f"saved.{index}": copy}

    def moved(self, index: int) -> int:
        """The new index of a function that the guest knows as `index`."""
        return self.functions[f"import.{index}"] if index < self.kept else index

    def add_globals(self, module: Module, pages: int) -> None:
        """Append the injected globals, and one that saves each mutable global of the guest during a message."""
        for name, value_type in INJECTED_GLOBALS.items():
            module.globals.append(zero_global(value_type, pages if name == "pages" else 0))
        for index in self.saved:
            module.globals.append(zero_global(module.globals[index].value_type))


_ZEROES: Final = {0x7F: op.I32_CONST, 0x7E: op.I64_CONST, 0x7D: op.F32_CONST, 0x7C: op.F64_CONST, 0x7B: op.V128_CONST}


def zero_global(value_type: int, value: int = 0) -> Global:
    """A mutable global of that type."""
    return Global(value_type, True, [(_ZEROES[value_type], value), (op.END,)])
