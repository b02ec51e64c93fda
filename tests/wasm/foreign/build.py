"""Compile the C programs beside this file, as README.md says."""

from __future__ import annotations

import subprocess
from pathlib import Path

HERE = Path(__file__).parent
FLAGS = "--target=wasm32 -O3 -mbulk-memory -ffreestanding -nostdlib -ffp-contract=off"
LINKER = "-Wl,--no-entry,--strip-all,-z,stack-size=4096"
PROGRAMS = {path.stem: (path.name, "-msimd128") for path in sorted(HERE.glob("*.c"))}
PROGRAMS["black_scholes_scalar"] = ("black_scholes.c", "")


def main() -> None:
    for name, (source, simd) in PROGRAMS.items():
        command = ["clang-14", *FLAGS.split(), *simd.split(), LINKER, "-o", f"{name}.wasm", source]
        subprocess.run(command, cwd=HERE, check=True)


if __name__ == "__main__":
    main()
