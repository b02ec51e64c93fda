"""Host functions: hashes, signatures and debug output, the same on every engine and under CPython.

    functions.toml   the functions, one row each: the interface is data
    table            reads and checks the rows
    hashes           SHA-256, Keccak-256, BLAKE2b-256, BLAKE3
    signatures       Ed25519, and ECDSA on secp256k1
    debug            text to the host's log
    javascript       the same in JavaScript, for an engine that cannot call Python
    libraries        which function needs which library, and whether it is installed

docs/spec/host-functions.md is generated from the rows.
"""

from corten.host.libraries import implementation
from corten.host.table import BY_NAME, HOST_FUNCTIONS, HostFunction, Parameter, Role

__all__ = ["BY_NAME", "HOST_FUNCTIONS", "HostFunction", "Parameter", "Role", "implementation"]
