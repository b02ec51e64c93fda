"""The benchmark's signatures are signatures, so that it measures the work of an acceptance."""

from __future__ import annotations

from corten.bench import host_functions as bench


def test_what_is_measured_is_accepted():
    ed25519 = bench._signed(bench._ED25519_SIGNATURE, bytes(64))
    assert ed25519.repeat_ed25519_verify(count=2, key=bench._ED25519_KEY).result == 2
    secp256k1 = bench._signed(bench._SECP256K1_SIGNATURE, bench._SECP256K1_KEY)
    assert secp256k1.repeat_secp256k1_verify(count=2).result == 2
    assert secp256k1.repeat_secp256k1_recover(count=2, recovery_id=bench._RECOVERY_ID).result == 2
