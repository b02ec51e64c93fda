"""What a host function costs a contract: the call out, and what its library takes when Python calls it directly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from corten.bench.measure import has_v8, paired
from corten.bench.registry import Result
from corten.host import BY_NAME, implementation
from corten.vm import Contract, Machine

_CONTRACT: Final = Path(__file__).with_name("_host_calls.py")
_HASHES: Final = ("sha256", "blake2b", "blake3", "keccak256")
_HASH_CALLS: Final = 2000
_SIGNATURE_CALLS: Final = 100
_DIGEST: Final = bytes(range(32))

# Signatures of _DIGEST by the private key 01 02 … 20, made once: Ed25519, then ECDSA on secp256k1 with recovery id 0.
_ED25519_KEY: Final = bytes.fromhex("79b5562e8fe654f94078b112e8a98ba7901f853ae695bed7e0e3910bad049664")
_ED25519_SIGNATURE: Final = bytes.fromhex(
    "91dd905cea357982290ea3734e9ec32ba0fa52056d4fcbf9756f50ffe2e54bc3"
    "abd8347de7d0b914ab4a6b45e46734d69ef41d603b4b1e8a843c98c705d97d00"
)
_SECP256K1_KEY: Final = bytes.fromhex(
    "84bf7562262bbd6940085748f3be6afa52ae317155181ece31b66351ccffa4b0"
    "8cc43d63b2859d469fee15f31c9edb5324266e6fd0407e87382d60fc4511acd8"
)
_SECP256K1_SIGNATURE: Final = bytes.fromhex(
    "52a003780958cf91a2fb37b3a1adaf86befc0cd9e37cbfd4485f489884be98a4"
    "344eaf7908e6f07f41296a8f7a51d3bd63d97bb4bc432b10cc359bd96fdfb4e5"
)
_RECOVERY_ID: Final = 0


def hashes() -> list[Result]:
    """32 bytes hashed, and a debug line that nobody hears, which is little more than the call; peer: the library."""
    contract = _signed(bytes(64), bytes(64))
    results = [_measured("debug", contract, {}, _HASH_CALLS, (b"", b""))]
    return results + [_measured(name, contract, {}, _HASH_CALLS, (_DIGEST,)) for name in _HASHES]


def signatures() -> list[Result]:
    """Signatures of 32 bytes checked; the peer is the library, with the checks that are ours."""
    ed25519 = _signed(_ED25519_SIGNATURE, bytes(64))
    secp256k1 = _signed(_SECP256K1_SIGNATURE, _SECP256K1_KEY)
    key, signature = _SECP256K1_KEY, _SECP256K1_SIGNATURE
    verified = {"key": _ED25519_KEY}, _SIGNATURE_CALLS, (_ED25519_KEY, _DIGEST, _ED25519_SIGNATURE)
    recovered = {"recovery_id": _RECOVERY_ID}, _SIGNATURE_CALLS, (_DIGEST, signature, _RECOVERY_ID)
    return [
        _measured("ed25519_verify", ed25519, *verified),
        _measured("secp256k1_verify", secp256k1, {}, _SIGNATURE_CALLS, (key, _DIGEST, signature)),
        _measured("secp256k1_recover", secp256k1, *recovered),
    ]


def v8() -> list[Result]:
    """The same in V8, where JavaScript computes them; the peer is the same contract in Wasmtime."""
    if not has_v8():
        return []
    secp256k1 = _SECP256K1_SIGNATURE, _SECP256K1_KEY
    cases: dict[str, tuple[dict[str, Any], bytes, bytes]] = {
        **dict.fromkeys(("debug", *_HASHES), ({}, bytes(64), bytes(64))),
        "ed25519_verify": ({"key": _ED25519_KEY}, _ED25519_SIGNATURE, bytes(64)),
        "secp256k1_verify": ({}, *secp256k1),
        "secp256k1_recover": ({"recovery_id": _RECOVERY_ID}, *secp256k1),
    }
    results = []
    for name, (arguments, signature, key) in cases.items():
        calls = _SIGNATURE_CALLS if any(signature) else _HASH_CALLS
        given = {"count": calls, **arguments}
        ours, peer = (_signed(signature, key, engine) for engine in ("v8", "wasmtime"))
        taken = paired(
            lambda: ours.call(f"repeat_{name}", given).raise_for_status(),  # noqa: B023 — used at once
            lambda: peer.call(f"repeat_{name}", given).raise_for_status(),  # noqa: B023
            warm_up=3,
        )
        conditions = f"{calls} calls in a message"
        results.append(Result(f"v8.{name}", taken.ours / calls * 1e6, "us", "wasmtime", taken.ratio, conditions))
    return results


def _signed(signature: bytes, key: bytes, engine: str = "wasmtime") -> Contract:
    contract = Machine(engine, gas_limit=10**12).deploy(_CONTRACT)
    contract.call("sign", {"digest": _DIGEST, "signature": list(signature), "key": list(key)}).raise_for_status()
    return contract


def _measured(
    name: str, contract: Contract, arguments: dict[str, Any], calls: int, peer_arguments: tuple[Any, ...]
) -> Result:
    """One call of a function by a contract that calls it `calls` times in one message."""
    compute: Callable[..., Any] = implementation(BY_NAME[name])
    given = {"count": calls, **arguments}

    def ours() -> None:
        contract.call(f"repeat_{name}", given).raise_for_status()

    def peer() -> None:
        for _ in range(calls):
            compute(*peer_arguments)

    taken = paired(ours, peer)
    conditions = f"{calls} calls in a message, library alone {taken.peer / calls * 1e6:.2f} us"
    return Result(name, taken.ours / calls * 1e6, "us", "the library", taken.ratio, conditions)


BENCHMARKS: Final = {"hashes": hashes, "signatures": signatures, "v8": v8}
