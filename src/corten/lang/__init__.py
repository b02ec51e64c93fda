"""What contract source imports: the types, decorators and functions of docs/spec/language.md, as CPython runs them.

    integers, floats, values    scalars with the language's arithmetic
    memory, layout, structs     linear memory, and structs and arrays as views on it
    intrinsics                  the functions containers are written on
    host_functions              hashes, signatures, debug output
    containers                  Vec, Map, Pool, Bitmap, PriorityQueue, in the language itself
    transform, loader           contract source made to run as the compiler understands it
    slices                      the part of a mixed file that its kernels need
    contracts, abi, host        a contract, its interface, and one message applied to it
    calls                       other contracts, by address
    refusal                     the error for what the compiler would refuse

Everything is imported at first use. What type checkers see is `__init__.pyi`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES: dict[str, tuple[str, ...]] = {
    "corten.base.errors": ("TrapCode",),
    "corten.lang.integers": ("u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "i128", "Unit", "Handle"),
    "corten.lang.floats": (
        "f64", "sqrt", "floor", "ceil", "trunc", "nearest", "copysign", "is_nan", "f64_bits", "f64_from_bits",
    ),
    "corten.lang.values": ("bytes32", "Enum"),
    "corten.lang.arithmetic": (
        "wrapping_add", "wrapping_sub", "wrapping_mul", "wrapping_shl", "wrapping_cast", "saturating_cast",
        "mul_div_floor", "mul_div_ceil", "leading_zeros", "trailing_zeros", "population_count",
    ),
    "corten.lang.structs": ("Array", "Ref", "struct", "event", "copy"),
    "corten.lang.intrinsics": (
        "allocate", "ref", "load", "store", "address_of", "size_of", "hash_of", "equal_keys", "copy_memory",
        "fill_memory", "memory_limit", "trap", "check_index",
    ),
    "corten.lang.host_functions": (
        "bytes_at", "sha256", "keccak256", "blake2b", "blake3", "ed25519_verify", "secp256k1_verify",
        "secp256k1_recover", "debug",
    ),
    "corten.lang.contracts": (
        "Contract", "contract", "interface", "init", "message", "view", "inline", "no_inline", "kernel", "require",
    ),
    "corten.lang.calls": ("At",),
    "corten.lang.loader": ("Vec", "Map", "Pool", "Bitmap", "PriorityQueue"),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = list(_HOME_OF)


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"corten.lang has no {name!r}")
    value = globals()[name] = getattr(import_module(home), name)
    return value
