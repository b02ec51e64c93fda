"""Rejects and traps as Python exceptions whose traceback ends at the contract's own line."""

from __future__ import annotations

import traceback
from pathlib import Path
from types import TracebackType
from typing import Final, TypeAlias

from corten.base.errors import InvalidInput, MessageFailed, Rejected, Status, TrapCode, Trapped
from corten.vm.interface import Interface, located

_TRAP_CODES: Final = frozenset(map(int, TrapCode))

Failure: TypeAlias = MessageFailed | InvalidInput


def failure(interface: Interface, directory: Path | None, status: int, code: int, site: int) -> Failure:
    """The exception of a receipt that is not `accepted`; sources are looked for in `directory`."""
    error = _exception(interface, status, code)
    place = interface.lines.locate(site)
    if place is None or place.line == 0:
        return error
    return error.with_traceback(traceback_at(located(place.file, directory), place.function, place.line))


def formatted(error: BaseException) -> str:
    """The exception as Python prints it."""
    return "".join(traceback.format_exception(error))


def _exception(interface: Interface, status: int, code: int) -> Failure:
    if status == Status.REJECTED:
        return Rejected(interface.reason(status, code) or "", code)
    if status == Status.TRAPPED:
        return _trapped(code)
    return InvalidInput("message", "an entry and payload of this contract", interface.reason(status, code) or "")


def _trapped(code: int) -> Trapped:
    """A guest can raise any number; what is no trap code counts as unreachable."""
    if code in _TRAP_CODES:
        return Trapped(TrapCode(code))
    trapped = Trapped(TrapCode.UNREACHABLE)
    trapped.add_note(f"the guest raised the unknown trap code {code}")
    return trapped


def traceback_at(file: str, function: str, line: int) -> TracebackType | None:
    """A traceback of one frame, in the given function and line of a file."""
    template = compile("raise error", file, "exec")
    code = template.replace(
        co_name=function.rpartition(".")[2],
        co_qualname=function,
        co_firstlineno=line,
        co_linetable=_on_first_line(len(template.co_code) // 2),
    )
    try:
        exec(code, {"error": _CarrierError()})
    except _CarrierError as carrier:
        frames = carrier.__traceback__
    return None if frames is None else frames.tb_next


class _CarrierError(Exception):
    """Carries the frame out; never seen."""


def _on_first_line(unit_count: int) -> bytes:
    """A line table (CPython's Objects/locations.md) that puts all code units on the first line, without columns."""
    no_columns = 13
    sizes = [min(8, unit_count - begin) for begin in range(0, unit_count, 8)]
    return b"".join(bytes([0x80 | no_columns << 3 | size - 1, 0]) for size in sizes)
