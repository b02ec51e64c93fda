"""Mutations that keep the form of an input, so that what lies behind the form is reached; without coverage, any bytes.

A mutator takes an input, a source of randomness and the most bytes that it may return.
"""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from typing import Any, Final

Mutator = Callable[[bytes, random.Random, int], bytes]

_HEADER: Final = struct.Struct("<IIII")
_EDGES: Final = (
    0,
    1,
    2,
    7,
    8,
    15,
    16,
    17,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0xFFFF,
    1 << 16,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
)
_TEXTS: Final = (
    "u8 u32 u64 i64 i128 f64 bool bytes32 Array[u8,3] Array[Pair,2] Handle[Pair] Pair Side S init message view "
    "struct enum unit name value mro __class__ __eq__ __hash__ _x_ ﬁ fi ſ s class lambda 0 a.b entry.x \u202e"
).split()


def frames(data: bytes, rng: random.Random, most: int) -> bytes:
    """Frames with one of their fields changed, one taken out, doubled, swapped or made."""
    parts = _split(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(parts)) if parts else 0
        change = rng.randrange(6)
        if not parts or change == 0:
            parts.insert(place, _frame(rng))
        elif change == 1:
            parts.insert(place, parts[place])
        elif change == 2:
            del parts[place]
        elif change == 3:
            other = rng.randrange(len(parts))
            parts[place], parts[other] = parts[other], parts[place]
        else:
            parts[place] = _changed(parts[place], rng)
    return b"".join(parts)[:most]


def _split(data: bytes) -> list[bytes]:
    """Frames as far as their sizes make sense, then the rest."""
    parts, position = [], 0
    while position + _HEADER.size <= len(data):
        size = int.from_bytes(data[position : position + 4], "little")
        if size < _HEADER.size or size % 8 or position + size > len(data):
            break
        parts.append(data[position : position + size])
        position += size
    return [*parts, data[position:]] if position < len(data) else parts


def _frame(rng: random.Random) -> bytes:
    payload = rng.randbytes(rng.choice((0, 8, 8, 16, 24, 40, 112)))
    return _HEADER.pack(_HEADER.size + len(payload), rng.randrange(16), rng.choice(_EDGES), len(payload)) + payload


def _changed(part: bytes, rng: random.Random) -> bytes:
    """One word of the header, or a stretch of the payload, which may change its length with everything that says so."""
    changed = bytearray(part)
    if len(changed) < _HEADER.size or rng.randrange(3) == 0:
        place = 4 * rng.randrange(max(1, min(4, len(changed) // 4)))
        changed[place : place + 4] = rng.choice((rng.choice(_EDGES), rng.randrange(20))).to_bytes(4, "little")
        return bytes(changed)
    payload = changed[_HEADER.size :]
    place = rng.randrange(len(payload) + 1)
    value = rng.choice((rng.choice(_EDGES).to_bytes(8, "little"), rng.randbytes(8), bytes(8), b"\xff" * 8))
    payload[place : place + rng.choice((1, 4, 8))] = value[: rng.choice((1, 4, 8))]
    payload = payload[: rng.choice((len(payload), len(payload), place))]
    payload += bytes(-len(payload) % 8)
    _, entry, sender, _ = _HEADER.unpack_from(part)
    return _HEADER.pack(_HEADER.size + len(payload), entry, sender, len(payload)) + bytes(payload)


def document(data: bytes, rng: random.Random, most: int) -> bytes:
    """JSON, and bytes behind it, with some values changed, taken out, doubled or moved to other places."""
    text, separator, rest = data.partition(b"\0")
    try:
        root = [json.loads(text)]
    except (ValueError, RecursionError):
        return data[:most]
    for _ in range(rng.randint(1, 5)):
        places = list(_places(root))
        parent, key = rng.choice(places)
        other, other_key = rng.choice(places)
        choice = rng.randrange(7)
        if choice == 0:
            parent[key] = json.loads(json.dumps(other[other_key]))
        elif choice == 1 and len(parent) > 1 and parent is not root:
            del parent[key]
        elif choice == 2 and isinstance(parent, list) and parent is not root:
            parent.insert(key, json.loads(json.dumps(parent[key])))
        elif choice == 3 and isinstance(parent, dict):
            parent[rng.choice(_TEXTS)] = parent.pop(key)
        else:
            parent[key] = _other(parent[key], rng)
    tail = bytearray(rest)
    if tail:
        tail[rng.randrange(len(tail))] = rng.randrange(256)
    return (json.dumps(root[0]).encode() + separator + bytes(tail))[:most]


def _places(node: Any) -> list[tuple[Any, Any]]:
    """Every parent and key of a document."""
    found: list[tuple[Any, Any]] = []
    waiting = [node]
    while waiting:
        each = waiting.pop()
        keys = range(len(each)) if isinstance(each, list) else list(each)
        found += [(each, key) for key in keys]
        waiting += [each[key] for key in keys if isinstance(each[key], list | dict)]
    return found


def _other(value: Any, rng: random.Random) -> Any:
    if isinstance(value, int) and rng.randrange(4):
        return rng.choice((value + 8, value - 8, 2 * value, rng.choice(_EDGES), rng.randrange(300)))
    return rng.choice((rng.choice(_TEXTS), rng.choice(_TEXTS), rng.choice(_EDGES), None, [], {}, True, 1.5))


MUTATORS: Final[dict[str, Mutator]] = {"frames": frames, "sections": document, "codec": document}
"""By target; the others have none."""
