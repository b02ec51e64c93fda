"""Serves host functions: what a machine answers when a contract calls out.

The instrumented wrapper has checked every range and charged for the call (docs/spec/host-functions.md), so a service
reads its arguments and the guest's memory as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from corten.base.errors import InvalidInput
from corten.host import BY_NAME, HostFunction, Parameter, Role, implementation
from corten.vm.callbacks import Service


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call returned (0 if nothing) and wrote."""

    function: str
    result: int
    output: bytes


class HostFunctions:
    """The host functions of one machine.

    Between `record` and `recorded` the answers are kept in the order of the calls, those of messages that failed
    included: an engine that cannot call out can be given them. Only one thread may use the machine meanwhile.
    """

    def __init__(self) -> None:
        self._answers: list[Answer] | None = None

    def record(self) -> None:
        """Keep answers from now on."""
        self._answers = []

    def recorded(self) -> list[Answer]:
        """The answers since `record`; stops keeping them."""
        answers, self._answers = self._answers or [], None
        return answers

    def services(self, names: Sequence[str]) -> list[Service]:
        """What an engine calls for its imports `corten.host.<name>`."""
        return [self._service(BY_NAME[name]) for name in names]

    def _service(self, function: HostFunction) -> Service:
        serve, output, size = service(function), function.output, 0
        position = 0 if output is None else 4 * function.names.index(output.name)
        if output is not None:
            size = output.size

        def recording(memory: memoryview, raw: Any) -> None:
            if self._answers is None:
                serve(memory, raw)
                return
            address = raw[position]
            serve(memory, raw)
            result = raw[0] if function.returns_bool else 0
            self._answers.append(Answer(function.name, result, bytes(memory[address : address + size])))

        return recording


def check_available(names: Sequence[str], engine: str) -> None:
    """InvalidInput names the function that `engine` does not serve, or whose library is not installed."""
    for name in names:
        function = BY_NAME[name]
        if engine not in function.engines:
            expected = f"an engine that serves it ({', '.join(function.engines)})"
            raise InvalidInput(f"host function {name}", expected, f"engine {engine!r}")
        implementation(function)


@cache
def service(function: HostFunction) -> Service:
    """Moves arguments and results between the guest's memory and the implementation."""
    compute = implementation(function)
    if [parameter.role for parameter in function.parameters] == [Role.IN, Role.OUT] and not function.returns_bool:
        return _digest(compute, function.parameters[1].size)
    return _any(function, compute)


def _digest(compute: Callable[..., bytes], size: int) -> Service:
    """The quick way for the common form: data, length, digest."""

    def serve(memory: memoryview, raw: Any) -> None:
        data, length, digest = raw[0], raw[4], raw[8]
        memory[digest : digest + size] = compute(memory[data : data + length])

    return serve


def _any(function: HostFunction, compute: Callable[..., Any]) -> Service:
    names = function.names
    readers = [_reader(parameter, names) for parameter in function.parameters if parameter.role is not Role.OUT]
    output, returns_bool = function.output, function.returns_bool
    target = 0 if output is None else 4 * names.index(output.name)

    def serve(memory: memoryview, raw: Any) -> None:
        found = compute(*[read(memory, raw) for read in readers])
        if output is not None:
            address, size = raw[target], output.size
            memory[address : address + size] = bytes(size) if found is None else found
        if returns_bool:
            raw[0] = found is not None if output is not None else found

    return serve


def _reader(parameter: Parameter, names: list[str]) -> Callable[[memoryview, Any], Any]:
    at = 4 * names.index(parameter.name)
    if parameter.role is Role.VALUE:
        return lambda _, raw: raw[at]
    if parameter.length:
        length_at = 4 * names.index(parameter.length)
        return lambda memory, raw: memory[raw[at] : raw[at] + raw[length_at]]
    size = parameter.size
    return lambda memory, raw: memory[raw[at] : raw[at] + size]
