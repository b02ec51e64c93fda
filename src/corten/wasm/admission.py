"""The one door for a module: read, checked, validated and instrumented, or refused with the byte that is wrong.

`Machine.deploy`, `Machine.load` and `corten inspect` all come through here, so that they say the same. Nothing is
executed. The checks here are those that need more than one part of a module, and that no engine may be left to find:
an active segment that does not fit would trap on instantiation.
"""

from __future__ import annotations

import gc
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.bare import as_native
from corten.wasm.instrument import instrument
from corten.wasm.limits import LOG_RED_ZONE_BYTES
from corten.wasm.profile import check_profile
from corten.wasm.reader import read_module
from corten.wasm.sections import ABI_SECTION, LINES_SECTION, check_state, read_abi
from corten.wasm.validate import validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corten.wasm.instrument import Options
    from corten.wasm.module import Module
    from corten.wasm.sections import Abi

_PAGE_BYTES: Final = 65_536


@dataclass(frozen=True)
class Admitted:
    """A module that runs here: `native` as it was given, or with its exports as entries; and what the engine gets."""

    native: Module
    abi: Abi
    instrumented: Module


def admit(content: bytes, options: Options, bare_name: str | None = None) -> Admitted:
    """Check a native module and instrument it; InvalidModule names the construct, the rule and the byte.

    With `bare_name`, the module is one with bare exports, which becomes a native one of that name first.
    """
    with _no_collection():
        module = read_module(content)
        try:
            return _checked(module, content, options, bare_name)
        except InvalidModule as error:
            raise error.at(_place_of_the_interface(module, content)) from None


def _checked(module: Module, content: bytes, options: Options, bare_name: str | None) -> Admitted:
    check_profile(module, source=content)
    validate(module, content)
    native = module if bare_name is None else as_native(module, bare_name)
    _check_sections(native)
    _check_segments(native)
    abi = read_abi(native)
    check_state(abi, options.memory_pages * _PAGE_BYTES)
    instrumented = instrument(native, abi, options)
    _check_red_zone(instrumented)
    return Admitted(native, abi, instrumented)


@contextmanager
def _no_collection() -> Iterator[None]:
    """A module is some hundred thousand tuples and no cycles: looking for those takes a fifth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _place_of_the_interface(module: Module, content: bytes) -> int:
    """Where what concerns the whole module is wrong: the ABI section, or where it should stand."""
    numbers = (number for number, custom in enumerate(module.customs) if custom.name == ABI_SECTION)
    offset = module.place("custom", next(numbers, -1))
    return len(content) if offset is None else offset


def _check_red_zone(instrumented: Module) -> None:
    """What the guest may log between two checks of the log's limit must fit behind that limit."""
    needed = json.loads(instrumented.custom("corten.layout") or b"{}")["red_zone"]
    if needed > LOG_RED_ZONE_BYTES:
        expected = f"at most {LOG_RED_ZONE_BYTES} bytes of undo log between two checks"
        raise InvalidModule(f"code: expected {expected}, found {needed}: a function has too many stores in a row")


def _check_sections(module: Module) -> None:
    """Nobody may have to choose between two interfaces or two line tables."""
    for name in (ABI_SECTION, LINES_SECTION):
        numbers = [number for number, custom in enumerate(module.customs) if custom.name == name]
        if len(numbers) > 1:
            text = f"{name}: expected at most one custom section of that name, found {len(numbers)}"
            raise InvalidModule(text, module.place("custom", numbers[1]))


def _check_segments(module: Module) -> None:
    """Active segments lie within what the module declares: else it could not be instantiated."""
    memory = module.memories[0].minimum * _PAGE_BYTES if module.memories else 0
    table = module.tables[0].limits.minimum if module.tables else 0
    segments = [("data", number, each.offset, len(each.content), memory) for number, each in enumerate(module.data)]
    segments += [
        ("element", number, each.offset, len(each.functions), table) for number, each in enumerate(module.elements)
    ]
    for kind, number, offset, length, size in segments:
        if offset is None:
            continue
        code, begin = offset[0]
        place = module.place(kind, number)
        if code != op.I32_CONST:
            raise InvalidModule(f"{kind} segment {number}: expected a constant address", place)
        end = (begin & 0xFFFFFFFF) + length
        if end > size:
            raise InvalidModule(f"{kind} segment {number}: expected an end of at most {size}, found {end}", place)
