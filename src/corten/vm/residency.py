"""What a contract runs in: the settings and block header of its machine, and its own live instance or image.

Nothing here refers back to machine or contract: a fork that nobody holds any more gives its memory back at once.
"""

from __future__ import annotations

import struct
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from corten.base.errors import InvalidInput
from corten.vm.call_records import Origin
from corten.vm.codec import describe
from corten.vm.host import HostFunctions
from corten.vm.layout import header
from corten.vm.program import Passes, Program
from corten.vm.resident import RecordingResident, Residence, Resident
from corten.vm.state import PageImage, PageProof
from corten.wasm.instrument.calls import WAYS_OUT

if TYPE_CHECKING:
    from corten.vm.python_engine import MemoryImage, PythonProgram

AnyProgram: TypeAlias = "Program | PythonProgram"
Image: TypeAlias = "PageImage | MemoryImage"

STACK_LIMIT = 100_000
"""Depth units (docs/spec/state.md), as `instrument.DEFAULT_STACK_LIMIT`; its frames fit every engine's."""


@dataclass(frozen=True)
class Settings:
    """What a machine was made with; a fork has the same."""

    engine: str
    memory_limit: int
    gas_limit: int
    chain: int
    passes: Passes
    cache_directory: Path | None
    record_access: bool = False


class Environment:
    """A machine's settings, its host functions, and the block header that its contracts see."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.host = HostFunctions()
        self.time = self.height = 0
        self.default_header = b""
        self.set_block(0, 0)

    def set_block(self, time: int, height: int) -> None:
        """Later messages see this time (ns) and height, unless they say otherwise."""
        self.default_header = self.header(None, time, height)
        self.time, self.height = time, height

    def header(self, gas_limit: int | None = None, time: int | None = None, height: int | None = None) -> bytes:
        """The part of the control block that says what messages may use and see; None means the machine's own."""
        gas_limit = self.settings.gas_limit if gas_limit is None else gas_limit
        time = self.time if time is None else time
        height = self.height if height is None else height
        try:
            content = header(gas_limit, time, height, self.settings.chain, STACK_LIMIT)
        except (struct.error, TypeError):
            content = b""
        if not content or gas_limit < 0:
            found = ", ".join(map(describe, (gas_limit, time, height, self.settings.chain)))
            raise InvalidInput("gas_limit, time, height, chain", "gas from 0 on, and i64, u64, u64", found)
        return content


class Residency:
    """A contract's state: live, or an image until it is first used. Its lock admits one user at a time."""

    def __init__(
        self, environment: Environment, program: AnyProgram, image: Image | None = None, address: int = 0
    ) -> None:
        self.environment = environment
        self.address = address
        self.program = program
        self.resident: Residence | None = None
        self.name = ""
        """What the machine calls the contract, from the end of its deployment on."""
        self.origin = Origin(program.interface, program.directory, address)
        """What receipts must know of the contract."""
        self.lock = threading.RLock()
        self._image = image
        self._is_removed = False

    def beside(self, program: AnyProgram, address: int) -> Residency:
        """Another contract in the same environment."""
        return Residency(self.environment, program, None, address)

    def live(self) -> Residence:
        """The instance, made if there is none; the caller holds the lock."""
        if self.resident is None:
            if self._is_removed:
                expected = "a contract that the machine has: it was restored to before this one's deployment"
                raise InvalidInput("contract", expected, repr(self.program.interface.name))
            resident = _make_resident(self.program, self.environment.host, self.address)
            if self._image is not None:
                resident.state.restore(self._image)
            self.resident, self._image = resident, None
        return self.resident

    def adopt(self, number: int) -> Residence:
        """The instance of that number, which a message made inside of the engine."""
        self.resident = resident = _make_resident(self.program, self.environment.host, self.address, number)
        return resident

    @property
    def may_call(self) -> bool:
        """Whether the contract calls others; under CPython that shows only when it does."""
        return not isinstance(self.program, Program) or any(way in self.program.code.imports for way in WAYS_OUT)

    def root(self) -> bytes:
        """The root of the state; 32 bytes."""
        with self.lock:
            if self.resident is None and self._image is not None:
                return self._image.root
            return self.live().state.root()

    def prove(self, page: int) -> PageProof:
        """A page of memory with its path to the root."""
        with self.lock:
            proof: PageProof = self.live().state.prove(page)
            return proof

    def snapshot(self) -> Image:
        """The state as an immutable image."""
        with self.lock:
            if self.resident is None and self._image is not None:
                return self._image
            image: Image = self.live().state.snapshot()
            return image

    def restore(self, image: Image) -> None:
        """Back to an image of this contract or of a fork's; a broken instance is replaced."""
        with self.lock:
            if self.resident is None or self.resident.faulted:
                self.resident, self._image = None, image
            else:
                self.resident.state.restore(image)

    def remove(self) -> None:
        """The machine went back to before this contract's deployment."""
        with self.lock:
            self.resident, self._image, self._is_removed = None, None, True


def _make_resident(program: AnyProgram, host: HostFunctions, address: int, made: int | None = None) -> Residence:
    if isinstance(program, Program):
        kind = RecordingResident if program.layout.records_access else Resident
        return kind(program, host, address, made)
    from corten.vm.python_engine import PythonResident

    return PythonResident(program, address)
