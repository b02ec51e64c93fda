"""Serves host functions: what a machine answers when a contract calls out.

The instrumented wrapper has checked every range and charged for the call (docs/spec/host-functions.md), so a service
reads its arguments and the guest's memory as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from corten.base.errors import HostFault, InvalidInput
from corten.host import BY_NAME, HostFunction, Parameter, Role, implementation
from corten.vm.callbacks import Port, Service

if TYPE_CHECKING:
    from corten.vm.calls import CallPort


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call returned (0 if nothing) and wrote."""

    function: str
    result: int
    output: bytes


@dataclass
class Given:
    """Answers to give instead of computing them, and how many have been given."""

    answers: list[Answer]
    position: int = 0
    copy: Any = None
    """The engine's own, if it has one."""


class HostFunctions:
    """The host functions of one machine.

    Between `record` and `recorded` the answers are kept in the order of the calls, those of messages that failed
    included. Between `replay` and `replayed` nothing is computed: every call is given the next of such answers,
    whatever the engine, whether or not it could compute the function. Only one thread may use the machine meanwhile.
    """

    def __init__(self) -> None:
        self._answers: list[Answer] | None = None
        self.given: Given | None = None

    def record(self) -> None:
        """Keep answers from now on."""
        self._answers = []

    def recorded(self) -> list[Answer]:
        """The answers since `record`; stops keeping them."""
        answers, self._answers = self._answers or [], None
        return answers

    @property
    def is_recording(self) -> bool:
        """Whether answers are kept."""
        return self._answers is not None

    def keep(self, answer: Answer) -> None:
        """An engine that computes by itself says what a call was answered."""
        if self._answers is not None:
            self._answers.append(answer)

    def replay(self, answers: Iterable[Answer]) -> None:
        """Give these answers from now on, in their order; HostFault when a call finds none left, or another's."""
        self.given = Given(list(answers))

    def replayed(self) -> int:
        """How many answers have been given since `replay`; from now on answers are computed."""
        given, self.given = self.given, None
        return 0 if given is None else given.position

    def service(self, name: str) -> Service:
        """What an engine calls for its import `corten.host.<name>`."""
        function = BY_NAME[name]
        serve = service(function) if self.given is None else self._unprepared(function)
        output, size = function.output, 0
        position = 0 if output is None else 4 * function.names.index(output.name)
        if output is not None:
            size = output.size

        def attended(memory: memoryview, raw: Any) -> None:
            if self._answers is None and self.given is None:
                serve(memory, raw)
                return
            address = raw[position]
            if self.given is None:
                serve(memory, raw)
            else:
                answer = self._next_given(function.name)
                memory[address : address + size] = answer.output
                if function.returns_bool:
                    raw[0] = answer.result
            result = raw[0] if function.returns_bool else 0
            self.keep(Answer(function.name, result, bytes(memory[address : address + size])))

        return attended

    def _next_given(self, name: str) -> Answer:
        assert self.given is not None
        answers, position = self.given.answers, self.given.position
        found = f"one of {answers[position].function}" if position < len(answers) else "none left"
        if found != f"one of {name}":
            raise HostFault(f"expected a recorded answer of {name}, found {found}")
        self.given.position += 1
        return answers[position]

    def _unprepared(self, function: HostFunction) -> Service:
        """Deployed for a replay, perhaps without the library: looked for when it is first computed."""

        def serve(memory: memoryview, raw: Any) -> None:
            service(function)(memory, raw)

        return serve


@dataclass(frozen=True)
class Services:
    """What answers an instance's imports: the machine's host functions, and the way to other contracts."""

    host: HostFunctions
    port: CallPort

    def of(self, names: Sequence[str]) -> list[Service | Port]:
        """For an engine that calls Python: what it calls for each import."""
        ports = self.port.ports()
        return [ports[name] if name in ports else self.host.service(name) for name in names]


def check_available(names: Sequence[str], engine: str) -> None:
    """InvalidInput names the function that `engine` does not serve, or whose library is not installed."""
    for name in names:
        function = BY_NAME[name]
        if engine not in function.engines:
            expected = f"an engine that serves it ({', '.join(function.engines)})"
            raise InvalidInput(f"host function {name}", expected, f"engine {engine!r}")
        if engine != "v8":  # which brings its own
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
