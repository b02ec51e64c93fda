"""Debug output: what a contract says to whoever runs it. A guest may say anything, so nothing here raises."""

from __future__ import annotations

import logging
import re
import struct
from collections.abc import Callable
from typing import Final

LOGGER: Final = logging.getLogger("corten.debug")

_SLOT: Final = re.compile(r"\{(bool|[ui](?:8|16|32|64)|i128|f64|bytes32)\}")
_FORMATS: Final = {"bool": "?", "u8": "B", "i8": "b", "u16": "<H", "i16": "<h", "u32": "<I", "i32": "<i"}
_FORMATS_64: Final = {"u64": "<Q", "i64": "<q", "f64": "<d"}
_READERS: Final[dict[str, struct.Struct]] = {
    name: struct.Struct(code) for name, code in {**_FORMATS, **_FORMATS_64}.items()
}
_SIZES: Final = {name: reader.size for name, reader in _READERS.items()} | {"i128": 16, "bytes32": 32}


def load_debug() -> Callable[[bytes | memoryview, bytes | memoryview], None]:
    """Writes to the logger `corten.debug`; costs next to nothing while nobody listens."""

    def debug(text: bytes | memoryview, values: bytes | memoryview) -> None:
        if is_heard():
            LOGGER.debug("%s", formatted(bytes(text), bytes(values)))

    return debug


def is_heard() -> bool:
    """Whether anybody listens."""
    return LOGGER.isEnabledFor(logging.DEBUG)


def formatted(text: bytes, values: bytes) -> str:
    """The line: values in the places that name their types, `?` where there are too few, control characters escaped."""
    position = 0

    def replace(slot: re.Match[str]) -> str:
        nonlocal position
        size = _SIZES[slot[1]]
        raw = values[position : position + size]
        position += -(-size // 8) * 8
        return _value(slot[1], raw) if len(raw) == size else "?"

    line = _SLOT.sub(replace, text.decode("utf-8", "backslashreplace"))
    if line.isprintable():
        return line
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in line)


def _value(kind: str, raw: bytes) -> str:
    if kind == "bytes32":
        return raw.hex()
    if kind == "i128":
        return str(int.from_bytes(raw, "little", signed=True))
    return str(_READERS[kind].unpack(raw)[0])
