"""Write src/corten/host/noble.js: the parts of @noble/hashes and @noble/curves that host functions in V8 stand on.

    python -m tools.vendor_noble            fetch the pinned packages (needs npm), bundle, write file and licence
    python -m tools.vendor_noble --check    the same, but only say whether it would be what is there

Versions and contents are pinned, the bundler's too: the same bytes come out on every machine. To go to another version,
change `PACKAGES`, run it, write what it says into `WRITTEN`, and let the tests of host functions compare with the
Python libraries.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

TARGET: Final = Path(__file__).resolve().parent.parent / "src/corten/host"

PACKAGES: Final = {
    "@noble/curves": (
        "2.4.0",
        "sha512-P4/62zrgfH33CneE3Dn4WhJVA22YUU0eR51wKIan4NVRvwsA0YnPTwWGpNbpuacSujmSFLvyzpyuR30+fbq2Ew==",
    ),
    "@noble/hashes": (
        "2.4.0",
        "sha512-X5XaVWZIBCT7HHZGm5I7ZQXDwLG+bGXuSrMQAW+7Zvl87h1kmc1ZB1VSRJcpUfoUrGQp4Fkoxm5kZ+Ms+aW+eA==",
    ),
    "esbuild": (
        "0.28.2",
        "sha512-HKVLS8dvII+xoKW9kmqxbRKrnWEXfJJr/FZhhJmiqIB0e053QNYFqOBouTMO/k5sID4MvCiUCvv8b9M4h32wIA==",
    ),
}
"""Version and integrity, as the registry states it, of each package."""

WRITTEN: Final = {"noble.js": "612fd28ced0332830c67aa8eb844eb62f800581f7bb42f2d3edee9c11862b0ef"}
"""SHA-256 of what comes out."""

_ENTRY: Final = """
export { ed25519 } from "@noble/curves/ed25519.js";
export { secp256k1 } from "@noble/curves/secp256k1.js";
export { bytesToNumberBE, bytesToNumberLE, concatBytes, numberToBytesBE } from "@noble/curves/utils.js";
export { blake2b } from "@noble/hashes/blake2.js";
export { blake3 } from "@noble/hashes/blake3.js";
export { sha256, sha512 } from "@noble/hashes/sha2.js";
export { keccak_256 } from "@noble/hashes/sha3.js";
"""
_BANNER: Final = """// @noble/curves {curves} and @noble/hashes {hashes}, (c) Paul Miller, MIT License (noble.LICENSE).
// Bundled by `python -m tools.vendor_noble`, not minified, without what is not used. Not edited by hand."""
_OPTIONS: Final = ("--bundle", "--format=iife", "--global-name=noble", "--target=es2022", "--legal-comments=none")


def bundle(directory: Path) -> dict[str, str]:
    """The files by name; SystemExit when what was fetched is not what is pinned."""
    dependencies = {name: version for name, (version, _) in PACKAGES.items()}
    (directory / "package.json").write_text(json.dumps({"private": True, "dependencies": dependencies}))
    (directory / "entry.js").write_text(_ENTRY)
    _run(directory, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund")
    _check(json.loads((directory / "package-lock.json").read_text())["packages"])
    banner = _BANNER.format(curves=PACKAGES["@noble/curves"][0], hashes=PACKAGES["@noble/hashes"][0])
    _run(directory, "node_modules/.bin/esbuild", "entry.js", *_OPTIONS, f"--banner:js={banner}", "--outfile=noble.js")
    licences = [(directory / "node_modules" / name / "LICENSE").read_text() for name in PACKAGES if name[0] == "@"]
    if len(set(licences)) != 1:
        raise SystemExit("expected one licence for both packages, found two: keep both beside noble.js")
    return {"noble.js": (directory / "noble.js").read_text(), "noble.LICENSE": licences[0]}


def _check(installed: dict[str, dict[str, str]]) -> None:
    for name, (version, integrity) in PACKAGES.items():
        found = installed[f"node_modules/{name}"]
        if (found["version"], found["integrity"]) != (version, integrity):
            raise SystemExit(f"{name}: expected {version}, {integrity}; found {found['version']}, {found['integrity']}")


def digest(files: dict[str, str]) -> dict[str, str]:
    """SHA-256 of each file."""
    return {name: hashlib.sha256(content.encode()).hexdigest() for name, content in files.items()}


def _run(directory: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        files = bundle(Path(directory))
    if "--check" in sys.argv:
        changed = [name for name, content in files.items() if (TARGET / name).read_text() != content]
        raise SystemExit(f"not what the pinned packages give: {', '.join(changed)}" if changed else 0)
    for name, content in files.items():
        (TARGET / name).write_text(content)
        print(f"{name}: {len(content)} bytes, SHA-256 {digest({name: content})[name]}")


if __name__ == "__main__":
    main()
