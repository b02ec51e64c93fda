"""The host functions in JavaScript, for an engine that runs it and cannot call Python.

`functions.js` decides what is accepted, `noble.js` (vendored, see tools/vendor_noble.py) does the arithmetic.
"""

from __future__ import annotations

import json
from pathlib import Path

from corten.host.signatures import FIELD_25519, ORDER_SECP256K1, SMALL_ORDER_25519

_HERE = Path(__file__).parent


def functions_source() -> str:
    """A JavaScript expression: an object with a function for each row, by its name."""
    noble, functions = ((_HERE / name).read_text(encoding="utf-8") for name in ("noble.js", "functions.js"))
    settings = {
        "field25519": str(FIELD_25519),
        "smallOrder25519": [str(int.from_bytes(encoding, "little")) for encoding in sorted(SMALL_ORDER_25519)],
        "orderSecp256k1": str(ORDER_SECP256K1),
    }
    return f"(() => {{\n{noble}\nreturn (\n{functions})(noble, {json.dumps(settings)});\n}})()"
