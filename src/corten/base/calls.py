"""What calls between contracts mean to every layer: addresses, selectors, reserved codes (docs/spec/calls.md)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from hashlib import sha256
from typing import Final

CONTRACT_BIT: Final = 1 << 31
"""Accounts from here on are contracts: a machine's first contract has the address CONTRACT_BIT + 1."""

CALL_DEPTH: Final = 16
"""Contracts that may be at work at once, the one that got the message included."""

DEPLOYMENTS: Final = 16
"""Contracts that one message may deploy."""

CONTRACT_LIMIT: Final = 4096
"""Contracts that a machine may have: instances take address space, of which every engine has enough for these."""

FIRST_RESERVED_CODE: Final = 4080
"""Codes of rejects that no `require` gave; a contract's own errors are numbered below."""


class CallReject(IntEnum):
    """Why a call was refused, or that its callee rejected. The numbers are permanent: they stand in receipts."""

    CALLEE_REJECTED = 4095
    UNKNOWN_CONTRACT = 4094
    UNKNOWN_ENTRY = 4093
    REENTERED = 4092
    CALL_TOO_DEEP = 4091
    MESSAGE_FROM_VIEW = 4090
    MALFORMED_CALL = 4089
    NO_RESULT = 4088
    UNKNOWN_CODE = 4087
    INIT_MISMATCH = 4086
    TOO_MANY_DEPLOYMENTS = 4085
    TOO_MANY_CONTRACTS = 4084


CALL_REJECTS: Final = {code.value: code.name.lower() for code in CallReject}

assert min(CALL_REJECTS) >= FIRST_RESERVED_CODE


def scalar_text(kind: str, offset: int, members: Iterable[int] = ()) -> str:
    """One scalar of a record in a signature: `u8@4`, of an enum `u8@4{0,1}`."""
    listed = ",".join(map(str, sorted(members)))
    return f"{kind}@{offset}{{{listed}}}" if listed else f"{kind}@{offset}"


def wide_words(kind: str) -> tuple[str, ...]:
    """The 64-bit words that a scalar is made of, if it is wider."""
    return {"i128": ("u64", "i64"), "bytes32": ("u64",) * 4}.get(kind, ())


def scalar_texts(kind: str, offset: int, members: Iterable[int] = ()) -> list[str]:
    """A scalar of the language in a signature; wide ones word by word."""
    words = wide_words(kind)
    if words:
        return [scalar_text(word, offset + 8 * place) for place, word in enumerate(words)]
    return [scalar_text(kind, offset, members)]


def signature(kind: str, name: str, parameters: Iterable[str], result: Iterable[str]) -> str:
    """The canonical text of an entry: `view balance(u32@0)->i64@0`. Names of parameters and of types are not in it."""
    return f"{kind} {name}({','.join(parameters)})->{','.join(result)}"


def init_signature(parameters: Iterable[str], result: Iterable[str] = ()) -> str:
    """The canonical text of an init, whatever its name; that of a contract without init has no parameters."""
    return signature("init", "", parameters, result)


def selector(text: str) -> int:
    """What a call names an entry by: the first four bytes of the signature's SHA-256, little-endian."""
    return int.from_bytes(sha256(text.encode()).digest()[:4], "little")
