"""Host functions in V8: what a crossing is told about them, and what it brings back (`v8_services.js`)."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from corten.host import HOST_FUNCTIONS, HostFunction, Parameter, debug, implementation
from corten.vm.host import Answer, Given, HostFunctions
from corten.vm.layout import CURSOR_OFFSET

if TYPE_CHECKING:
    from corten.vm.v8_engine import Isolate

_LINE: Final = 0
_ANSWER: Final = 1
_ENTRY: Final = struct.Struct("<IIIII")  # tag, row, result, bytes of two parts


def _row(number: int, function: HostFunction) -> dict[str, Any]:
    output = function.output
    return {
        "name": function.name,
        "number": number,
        "parameters": [_parameter(function, parameter) for parameter in function.parameters],
        "output": None if output is None else _parameter(function, output),
        "returnsBool": function.returns_bool,
    }


def _parameter(function: HostFunction, parameter: Parameter) -> dict[str, Any]:
    names = function.names
    length_at = names.index(parameter.length) if parameter.length else None
    return {
        "role": parameter.role.value,
        "at": names.index(parameter.name),
        "size": parameter.size,
        "lengthAt": length_at,
    }


SETTINGS: Final = {
    "rows": {function.name: _row(number, function) for number, function in enumerate(HOST_FUNCTIONS)},
    "cursorOffset": CURSOR_OFFSET,
    "lineTag": _LINE,
    "answerTag": _ANSWER,
}
"""What `v8_services.js` is told of the table of host functions."""


class Attendance:
    """Around one crossing: `text` says what it shall keep; afterwards that is delivered, whatever happened."""

    def __init__(self, isolate: Isolate, host: HostFunctions) -> None:
        self._isolate = isolate
        self._host = host
        self._lines = debug.is_heard()
        self._answers = host.is_recording
        self._given = 0 if host.given is None else _copied(isolate, host.given)
        self.text = f"{json.dumps(self._lines)},{json.dumps(self._answers)},{self._given}"

    def __enter__(self) -> Attendance:
        return self

    def __exit__(self, *_: object) -> None:
        if self._isolate.is_broken:
            return
        if self._given and self._host.given is not None:
            self._host.given.position = int(self._isolate.call(f"played({self._given})"))
        if self._lines or self._answers:
            for tag, function, result, one, other in _entries(bytes(self._isolate.call("take()"))):
                if tag == _LINE:
                    implementation(function)(one, other)
                else:
                    self._host.keep(Answer(function.name, result, one))


def _entries(content: bytes) -> Iterator[tuple[int, HostFunction, int, bytes, bytes]]:
    offset = 0
    while offset < len(content):
        tag, row, result, *sizes = _ENTRY.unpack_from(content, offset)
        middle = offset + _ENTRY.size + sizes[0]
        end = middle + sizes[1]
        yield tag, HOST_FUNCTIONS[row], result, content[offset + _ENTRY.size : middle], content[middle:end]
        offset = end


def _copied(isolate: Isolate, given: Given) -> int:
    """The number of the isolate's copy of the answers."""
    if given.copy is None or given.copy.isolate is not isolate:
        answers = json.dumps([[each.function, each.result, each.output.hex()] for each in given.answers])
        given.copy = isolate.lease(f"recording({answers},{given.position})")
    number: int = given.copy.number
    return number
