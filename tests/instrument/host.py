"""A small host over wasmtime's plain API: loads plain and instrumented modules, lays out system memory, calls them."""

from __future__ import annotations

import itertools
import json
import struct
from dataclasses import dataclass, field

import wasmtime

from corten.wasm.instrument import CONTROL, TOUCHED, Options, host_begin, instrument
from corten.wasm.module import Module
from corten.wasm.sections import Abi
from corten.wasm.writer import write_module

GAS = 10_000_000
STACK = 60_000
LOG_BYTES = 1 << 20
SYSTEM_PAGES = 64


def engine(*, canonical: bool = False) -> wasmtime.Engine:
    """An engine; `canonical` is Cranelift's own NaN canonicalization, the oracle of ours."""
    config = wasmtime.Config()
    config.cranelift_nan_canonicalization = canonical
    config.cranelift_opt_level = "speed"
    return wasmtime.Engine(config)


PLAIN = engine()
CANONICAL = engine(canonical=True)


def options(memory_pages: int, **changes: object) -> Options:
    return Options(memory_pages=memory_pages, system_pages=SYSTEM_PAGES, **changes)  # type: ignore[arg-type]


class Guest:
    """An instance of a module: exports by name, memory as bytes."""

    def __init__(self, module: Module | bytes, on: wasmtime.Engine = PLAIN) -> None:
        content = module if isinstance(module, bytes) else write_module(module)
        self.store = wasmtime.Store(on)
        self.instance = wasmtime.Instance(self.store, wasmtime.Module(on, content), [])
        self.exports = self.instance.exports(self.store)

    def call(self, name: str, *arguments: object) -> object:
        function = self.exports[name]
        assert isinstance(function, wasmtime.Func)
        return function(self.store, *arguments)

    def outcome(self, name: str, *arguments: object) -> str:
        """`returned`, or how it trapped."""
        try:
            self.call(name, *arguments)
        except wasmtime.Trap as trap:
            return trap.trap_code.name if trap.trap_code is not None else "trap"
        return "returned"

    def memory(self, name: str = "memory") -> bytes:
        found = self.exports[name]
        assert isinstance(found, wasmtime.Memory)
        return bytes(found.read(self.store))

    def write(self, address: int, content: bytes, name: str = "corten.system") -> None:
        found = self.exports[name]
        assert isinstance(found, wasmtime.Memory)
        found.write(self.store, content, address)

    def system(self, address: int, size: int) -> bytes:
        found = self.exports["corten.system"]
        assert isinstance(found, wasmtime.Memory)
        return bytes(found.read(self.store, address, address + size))

    def u32(self, address: int) -> int:
        return int.from_bytes(self.system(address, 4), "little")

    def value(self, name: str) -> object:
        found = self.exports[name]
        assert isinstance(found, wasmtime.Global)
        return found.value(self.store)

    def globals(self) -> dict[str, str]:
        """The guest's mutable globals, as text so that NaNs compare; the plain API cannot read a v128."""
        return {name: repr(self.value(name)) for name in self.exports if name.startswith("corten.global.")}


@dataclass
class Receipt:
    """A decoded receipt."""

    status: int
    code: int
    site: int
    gas: int
    first_record: int
    record_count: int


@dataclass
class Machine(Guest):
    """An instrumented module, its system memory laid out: a control block, and areas behind the touched-page map."""

    module: Module
    abi: Abi | None
    settings: Options
    on: wasmtime.Engine = PLAIN
    gas: int = GAS
    stack: int = STACK
    log_bytes: int = LOG_BYTES
    outbox_bytes: int = 1 << 16
    record_count: int = 1024
    frames: int = field(init=False)

    def __post_init__(self) -> None:
        self.instrumented = instrument(self.module, self.abi, self.settings)
        Guest.__init__(self, self.instrumented, self.on)
        self.frames = host_begin(self.settings.memory_pages, records=self.settings.access)
        self.receipts = self.frames + (1 << 17)
        self.index = self.receipts + (1 << 16)
        self.outbox = self.index + 4 * self.record_count
        self.log = self.outbox + self.outbox_bytes
        self.prepare()

    def prepare(self, frames: bytes = b"", flags: int = 0) -> None:
        """Write the control block and the frames."""
        fields = {
            "version": 1,
            "frames": self.frames,
            "end": self.frames + len(frames),
            "cursor": self.frames,
            "message": 0,
            "receipts": self.receipts,
            "outbox": self.outbox,
            "outbox_limit": self.outbox + self.outbox_bytes,
            "outbox_cursor": self.outbox,
            "index": self.index,
            "index_limit": self.index + 4 * self.record_count,
            "index_cursor": self.index,
            "log": self.log,
            "log_limit": self.log + self.log_bytes,
            "touched": TOUCHED,
            "flags": flags,
        }
        for name, value in fields.items():
            self.write(CONTROL[name], struct.pack("<I", value))
        self.write(CONTROL["gas_limit"], struct.pack("<qqqqi", self.gas, 111, 222, 333, self.stack))
        self.write(self.frames, frames)

    def run(self, *messages: tuple[int, int, bytes], flags: int = 0) -> list[Receipt]:
        """A batch of (entry, sender, payload); receipts of all of them."""
        self.prepare(b"".join(frame(*message) for message in messages), flags)
        self.traps = 0
        while (trapped := self.outcome("corten.run")) != "returned":
            self.traps += 1
            self.call("corten.recover", 2 if trapped == "MEMORY_OUT_OF_BOUNDS" else 1)
        return [self.receipt(number) for number in range(len(messages))]

    def receipt(self, number: int) -> Receipt:
        status, _, code, site, gas, first, count, _ = struct.unpack(
            "<BBHIqIIQ", self.system(self.receipts + 32 * number, 32)
        )
        return Receipt(status, code, site, gas, first, count)

    def records(self) -> list[bytes]:
        """All records of the batch: header and the payload up to the next record."""
        count = (self.u32(CONTROL["index_cursor"]) - self.index) // 4
        starts = [self.u32(self.index + 4 * number) for number in range(count)] + [self.u32(CONTROL["outbox_cursor"])]
        return [self.system(start, stop - start) for start, stop in itertools.pairwise(starts)]

    def logged(self) -> int:
        """Entries in the log, if the last message had fewer than 1,000."""
        entries = [self.system(self.log + 16 * number, 16) for number in range(1000)]
        return next(number for number, entry in enumerate(entries) if not any(entry))

    def trap_code(self) -> int:
        """The code that the guest left when it stopped itself, by way of a receipt."""
        self.call("corten.rollback")
        code = self.value("corten.trap")
        assert isinstance(code, int)
        return code & 0xFFF

    def description(self) -> dict[str, int]:
        """What the module says that it needs."""
        found: dict[str, int] = json.loads(self.instrumented.custom("corten.layout") or b"")
        return found

    def touched(self) -> list[int]:
        """Marked pages."""
        marks = self.system(TOUCHED, self.settings.memory_pages * 16)
        return [page for page, mark in enumerate(marks) if mark]

    def read_pages(self) -> list[int]:
        """Pages marked as read, of the recording variant; the marks are cleared."""
        begin, size = self.description()["read"], self.settings.memory_pages * 16
        marks = self.system(begin, size)
        self.write(begin, bytes(size))
        return [page for page, mark in enumerate(marks) if mark]


def frame(entry: int, sender: int, payload: bytes) -> bytes:
    padded = payload + bytes(-len(payload) % 8)
    return struct.pack("<IIII", 16 + len(padded), entry, sender, len(payload)) + padded
