"""Scalars that are not numbers: bytes32 and enums."""

from __future__ import annotations

import enum
from typing import Any, Self

from corten.base.errors import TrapCode, Trapped
from corten.lang.integers import u64
from corten.lang.refusal import LanguageError, describe


class bytes32:
    """32 opaque bytes: equal or not, and a key of a Map."""

    __slots__ = ("raw",)
    raw: bytes

    def __init__(self, word0: Any, word1: Any, word2: Any, word3: Any) -> None:
        words = (u64.adopt(word) for word in (word0, word1, word2, word3))
        self.raw = b"".join(int(word).to_bytes(8, "little") for word in words)

    @classmethod
    def of(cls, raw: bytes) -> Self:
        """These 32 bytes."""
        if len(raw) != 32:
            raise ValueError(f"bytes32: expected 32 bytes, found {len(raw)}")
        value = cls.__new__(cls)
        value.raw = bytes(raw)
        return value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, bytes32):
            raise LanguageError(f"bytes32 compares with bytes32, found {describe(other)}")
        return self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"bytes32({self.raw.hex()})"


class Enum(enum.Enum):
    """Named values, stored as u8: only equality and `match`."""

    def __index__(self) -> int:
        return int(self.value)

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            raise LanguageError(f"{type(self).__name__} compares with its own kind, found {describe(other)}")
        return self is other

    def __hash__(self) -> int:
        return hash(self.name)

    @classmethod
    def _missing_(cls, value: object) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            raise Trapped(TrapCode.INVALID_CONVERSION)
        raise LanguageError(f"{cls.__name__}(…) converts an integer, found {describe(value)}")
