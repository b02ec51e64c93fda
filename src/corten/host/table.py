"""The rows of functions.toml, checked as they are read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final


class Role(Enum):
    """What a function does with a parameter."""

    IN = "in"  # reads the bytes at an address
    OUT = "out"  # writes the bytes at an address
    VALUE = "value"  # takes a number


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter in a row. A range is an address and either a fixed `size` or a length that the caller gives."""

    role: Role
    name: str
    size: int = 0
    length: str = ""  # name of the length's own parameter, "" if the size is fixed

    @property
    def names(self) -> tuple[str, ...]:
        """The Wasm parameters that it stands for, all of them i32."""
        return (self.name, self.length) if self.length else (self.name,)


@dataclass(frozen=True, slots=True)
class Price:
    """Gas of one call: base, and for each byte of a range that is as long as the caller says."""

    base: int
    byte: int


@dataclass(frozen=True, slots=True, eq=False)
class HostFunction:
    """One row. There is one object for each."""

    name: str
    parameters: tuple[Parameter, ...]
    returns_bool: bool
    gas: Mapping[int, Price]  # by version of the gas schedule
    engines: tuple[str, ...]
    library: str
    hostile: str
    language: str
    doc: str

    @property
    def names(self) -> list[str]:
        """The Wasm parameters in order."""
        return [name for parameter in self.parameters for name in parameter.names]

    @property
    def ranges(self) -> list[Parameter]:
        """The parameters that are ranges of memory."""
        return [parameter for parameter in self.parameters if parameter.role is not Role.VALUE]

    @property
    def output(self) -> Parameter | None:
        """The range that is written, if any."""
        return next((parameter for parameter in self.parameters if parameter.role is Role.OUT), None)


_RANGE: Final = re.compile(r"(in|out) ([a-z][a-z_0-9]*)\[(?:([1-9][0-9]*)|([a-z][a-z_0-9]*))\]")
_VALUE: Final = re.compile(r"value ([a-z][a-z_0-9]*)")
_RESULTS: Final = {"": False, "bool": True}


def parse_parameter(text: str) -> Parameter:
    """`in data[length]`, `out digest[32]` or `value number`; ValueError for anything else."""
    if match := _VALUE.fullmatch(text):
        return Parameter(Role.VALUE, match[1])
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ValueError(f"parameter: expected `in name[size]`, `out name[32]` or `value name`, found {text!r}")
    return Parameter(Role(match[1]), match[2], int(match[3] or 0), match[4] or "")


def parse_row(row: Mapping[str, Any]) -> HostFunction:
    """A row as it stands in the file; ValueError or KeyError where it is incomplete."""
    function = HostFunction(
        name=row["name"],
        parameters=tuple(map(parse_parameter, row["parameters"])),
        returns_bool=_RESULTS[row["result"]],
        gas=MappingProxyType({int(version): Price(**price) for version, price in row["gas"].items()}),
        engines=tuple(row["engines"]),
        library=row["library"],
        hostile=row["hostile"],
        language=row["language"],
        doc=" ".join(row["doc"].split()),
    )
    for problem in problems(function):
        raise ValueError(f"host function {function.name}: {problem}")
    return function


def problems(function: HostFunction) -> Iterator[str]:
    """What a row lacks."""
    if not function.gas or any(price.base <= 0 or price.byte < 0 for price in function.gas.values()):
        yield "expected a positive base price in every gas schedule"
    if not function.doc or not function.language or not function.hostile:
        yield "expected a doc line, the language's spelling and a hostile test"
    if len(set(function.names)) != len(function.names):
        yield "expected parameters of different names"
    written = [parameter for parameter in function.parameters if parameter.role is Role.OUT]
    if len(written) > 1 or any(parameter.length for parameter in written):
        yield "expected at most one output, of a fixed size"


def _read() -> tuple[HostFunction, ...]:
    content = tomllib.loads((Path(__file__).parent / "functions.toml").read_text(encoding="utf-8"))
    return tuple(parse_row(row) for row in content["function"])


HOST_FUNCTIONS: Final = _read()
BY_NAME: Final[Mapping[str, HostFunction]] = MappingProxyType({function.name: function for function in HOST_FUNCTIONS})
