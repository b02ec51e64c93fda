"""Coverage-guided fuzzing of one target: `python -m fuzz.run TARGET [libFuzzer options] [more corpora]`."""

from __future__ import annotations

import random
import sys
from functools import partial
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["corten.wasm", "corten.vm"]):
    from fuzz.mutators import MUTATORS, Mutator
    from fuzz.targets import TARGETS

HERE = Path(__file__).parent


def _mutated(mutator: Mutator, data: bytes, most: int, seed: int) -> bytes:
    """Half of the mutations keep the input's form, the others are libFuzzer's."""
    rng = random.Random(seed)
    return bytes(atheris.Mutate(data, most)) if rng.randrange(2) else mutator(data, rng, most)


def main() -> None:
    """Fuzz until libFuzzer stops; new inputs go to fuzz/found/TARGET, crashes to the current directory."""
    target, *options = sys.argv[1:]
    found = HERE / "found" / target
    found.mkdir(parents=True, exist_ok=True)
    arguments = [sys.argv[0], *options, str(found), str(HERE / "corpus" / target)]
    mutator = MUTATORS.get(target)
    if mutator is None:
        atheris.Setup(arguments, TARGETS[target])
    else:
        atheris.Setup(arguments, TARGETS[target], custom_mutator=partial(_mutated, mutator))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
