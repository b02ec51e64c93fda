"""Artifacts on disk: machine code and instrumented modules, by key. A damaged entry counts as absent.

An entry is `magic, sha256(content), content` in one file, written aside and renamed: a reader sees all or nothing.
Machine code is trusted as it is, so the directory belongs to the user alone.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Final

_MAGIC: Final = b"corten cache 1\n\0"
_HEADER_BYTES: Final = len(_MAGIC) + 32


class Cache:
    """A directory of entries; $CORTEN_CACHE, or `~/.cache/corten`."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or default_directory()

    def get(self, key: bytes) -> bytes | None:
        """The content stored under `key`; None when there is none or its checksum is wrong."""
        try:
            stored = self.path(key).read_bytes()
        except OSError:
            return None
        content = stored[_HEADER_BYTES:]
        if stored[:_HEADER_BYTES] != _MAGIC + hashlib.sha256(content).digest():
            return None
        return content

    def put(self, key: bytes, content: bytes) -> None:
        """Store `content`. A full or read-only disk costs the speed of the next start, nothing else."""
        target = self.path(key)
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=target.parent)
        except OSError:
            return
        aside = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + hashlib.sha256(content).digest() + content)
            aside.replace(target)
        except OSError:
            aside.unlink(missing_ok=True)

    def path(self, key: bytes) -> Path:
        """The file of an entry."""
        name = key.hex()
        return self.directory / name[:2] / name[2:]


def default_directory() -> Path:
    """Where entries go unless the caller says otherwise."""
    chosen = os.environ.get("CORTEN_CACHE")
    return Path(chosen) if chosen else Path.home() / ".cache" / "corten"
