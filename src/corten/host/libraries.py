"""The implementation of each row. Libraries are loaded when a contract that uses them is."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from corten.base.errors import InvalidInput
from corten.host import debug, hashes, signatures
from corten.host.table import HostFunction

_LOADERS: Final[dict[str, Callable[[], Callable[..., Any]]]] = {
    "sha256": hashes.load_sha256,
    "keccak256": hashes.load_keccak256,
    "blake2b": hashes.load_blake2b,
    "blake3": hashes.load_blake3,
    "ed25519_verify": signatures.load_ed25519_verify,
    "secp256k1_verify": signatures.load_secp256k1_verify,
    "secp256k1_recover": signatures.load_secp256k1_recover,
    "debug": debug.load_debug,
}


@cache
def implementation(function: HostFunction) -> Callable[..., Any]:
    """What computes a row: takes bytes for its inputs and integers for its values.

    It returns the output's bytes, a bool, None for neither; with both, the output's bytes if true and None if false.
    Raises InvalidInput when the library is not installed, naming the extra that brings it.
    """
    try:
        return _LOADERS[function.name]()
    except ImportError as error:
        expected = f"{function.library} to be installed: pip install 'corten[crypto]'"
        raise InvalidInput(f"host function {function.name}", expected, f"{error}") from error
