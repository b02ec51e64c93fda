"""The state root, plainly: docs/spec/state.md as code, from scratch, without any sharing."""

from __future__ import annotations

from hashlib import sha256

PAGE_BYTES = 4096
DEPTH = 20


def page_root(memory: bytes) -> bytes:
    """Root of the tree of 2**20 pages; pages beyond the memory are zero."""
    pages = [memory[begin : begin + PAGE_BYTES] for begin in range(0, len(memory), PAGE_BYTES)]
    level = [sha256(b"\x00" + page).digest() for page in pages]
    zero = sha256(b"\x00" + bytes(PAGE_BYTES)).digest()
    for _ in range(DEPTH):
        if len(level) % 2:
            level.append(zero)
        level = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level), 2)]
        zero = sha256(b"\x01" + zero + zero).digest()
    return level[0]


def state_root(memory: bytes, globals_: bytes) -> bytes:
    """Memory and globals of one contract."""
    return sha256(b"\x02" + page_root(memory) + globals_).digest()


def contract_hash(name: str, memory_bytes: int, module: bytes, state: bytes) -> bytes:
    """One contract: who it is and what it holds."""
    encoded = name.encode()
    identity = len(encoded).to_bytes(4, "little") + encoded + memory_bytes.to_bytes(8, "little")
    return sha256(b"\x03" + identity + sha256(module).digest() + state).digest()


def machine_root(contracts: list[bytes], codes: list[bytes] | None = None) -> bytes:
    """All contracts, in the order of deployment, and the hashes of published code, in ascending order."""
    content = counted(contracts)
    if codes:
        content += counted(sorted(codes))
    return sha256(b"\x04" + content).digest()


def counted(hashes: list[bytes]) -> bytes:
    """How many hashes, and the root of the tree over them."""
    level = list(hashes)
    while len(level) == 0 or len(level) & (len(level) - 1):
        level.append(bytes(32))
    while len(level) > 1:
        level = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level), 2)]
    return len(hashes).to_bytes(4, "little") + level[0]
