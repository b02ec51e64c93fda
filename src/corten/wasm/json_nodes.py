"""JSON in custom sections, read without trust: nothing is coerced, every refusal names the path of what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NoReturn, TypeVar

from corten.base.errors import InvalidModule

SECTION_BYTES: Final = 4 << 20
NAME_LENGTH: Final = 1_000

T = TypeVar("T")


@dataclass(slots=True)
class Node:
    """A JSON value, the section it came from and the path to it; whatever is not as expected is InvalidModule."""

    section: str
    path: str
    value: Any

    def fail(self, expected: str) -> NoReturn:
        found = repr(self.value)
        shown = found if len(found) <= 60 else f"{found[:57]}..."
        raise InvalidModule(f"{self.section}: {self.path or 'content'}: expected {expected}, found {shown}")

    def get(self, key: str) -> Node:
        return Node(self.section, f"{self.path}.{key}" if self.path else key, self.value[key])

    def keys(self, *expected: str) -> None:
        """Check that this is an object with exactly these keys."""
        if not isinstance(self.value, dict) or self.value.keys() != set(expected):
            self.fail(f"an object with the keys {', '.join(expected)}")

    def items(self) -> Iterator[tuple[str, Node]]:
        if not isinstance(self.value, dict):
            self.fail("an object")
        for key in self.value:
            yield Node(self.section, f"{self.path} key", key).text(), self.get(key)

    def text(self) -> str:
        if not isinstance(self.value, str) or not 0 < len(self.value) <= NAME_LENGTH or not self.value.isprintable():
            self.fail(f"a text of 1 to {NAME_LENGTH} printable characters")
        return self.value

    def integer(self, low: int, high: int) -> int:
        if type(self.value) is not int or not low <= self.value <= high:
            self.fail(f"an integer from {low} to {high}")
        return int(self.value)

    def one_of(self, *choices: str) -> str:
        if not isinstance(self.value, str) or self.value not in choices:
            self.fail(f"one of {', '.join(choices)}")
        return self.value

    def sequence(self, limit: int, read: Callable[[Node], T]) -> tuple[T, ...]:
        if not isinstance(self.value, list) or len(self.value) > limit:
            self.fail(f"a list of at most {limit} items")
        return tuple(read(Node(self.section, f"{self.path}[{i}]", item)) for i, item in enumerate(self.value))


def load(section: str, content: bytes) -> Node:
    """The content of a section as JSON."""
    if len(content) > SECTION_BYTES:
        raise InvalidModule(f"{section}: expected at most {SECTION_BYTES} bytes, found {len(content)}")
    try:
        value = json.loads(content.decode(), object_pairs_hook=partial(_object, section))
    except (ValueError, RecursionError) as error:
        raise InvalidModule(f"{section}: expected JSON in UTF-8: {error}") from None
    return Node(section, "", value)


def _object(section: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise InvalidModule(f"{section}: expected each key of an object once, found one twice")
    return value


def dumps(document: dict[str, Any]) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
