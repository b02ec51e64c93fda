"""Coverage-guided fuzzing of one target: `python -m fuzz.run TARGET [libFuzzer options] [more corpora]`."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["corten.wasm", "corten.vm"]):
    from fuzz.targets import TARGETS

HERE = Path(__file__).parent


def main() -> None:
    """Fuzz until libFuzzer stops; new inputs go to fuzz/found/TARGET, crashes to the current directory."""
    target, *options = sys.argv[1:]
    found = HERE / "found" / target
    found.mkdir(parents=True, exist_ok=True)
    arguments = [sys.argv[0], *options, str(found), str(HERE / "corpus" / target)]
    atheris.Setup(arguments, TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
