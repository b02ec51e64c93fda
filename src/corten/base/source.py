"""Contract source as text: what a reader sees is what is compiled."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_COOKIE: Final = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.ASCII)  # PEP 263
_UTF8: Final = ("utf-8", "utf8", "utf_8", "u8")
_DIRECTIONS: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def decode_source(content: bytes) -> str:
    """Text in UTF-8; SyntaxError for other encodings, even declared ones, and for characters that reorder a line.

    Another encoding hides code in what looks like a comment, and a changed direction shows code in another order.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _error(f"expected UTF-8, found byte 0x{content[error.start]:02x}", line) from None
    for number, line_text in enumerate(text.split("\n", 2)[:2], start=1):
        cookie = _COOKIE.match(line_text)
        if cookie is not None and cookie[1].lower() not in _UTF8:
            raise _error(f"expected UTF-8, found a declaration of {cookie[1]!r}", number)
    found = _DIRECTIONS.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise _error(f"found U+{ord(found[0]):04X}, which changes the direction of the text", line)
    return text


def is_source_file(path: Path) -> bool:
    """Whether the file that an import asks for is there; a name that no file can have is not."""
    try:
        return path.is_file()
    except OSError:  # too long
        return False


def _error(message: str, line: int) -> SyntaxError:
    error = SyntaxError(message)
    error.lineno, error.offset = line, 1
    return error
