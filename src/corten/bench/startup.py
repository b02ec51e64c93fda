"""What a person waits for before anything happens: importing Corten, asking for help."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from corten.bench.measure import paired
from corten.bench.registry import Result

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 7


def import_corten() -> list[Result]:
    """`import corten` and its machine in a fresh interpreter, against importing what it stands on."""
    times = paired(_python("import corten; corten.Machine"), _python("import numpy, wasmtime"), rounds=ROUNDS)
    bare = paired(_python("import corten"), _python("pass"), rounds=ROUNDS)
    conditions = "a fresh interpreter, its start included"
    return [
        Result("import_corten", bare.ours * 1e3, "ms", "python -c pass", bare.ratio, conditions),
        Result("import_machine", times.ours * 1e3, "ms", "import numpy, wasmtime", times.ratio, conditions),
    ]


def help_text() -> list[Result]:
    """`corten --help`, against the interpreter alone."""
    times = paired(_python("from corten.cli.app import run; run(['--help'])"), _python("pass"), rounds=ROUNDS)
    return [
        Result("help", times.ours * 1e3, "ms", "python -c pass", times.ratio, "a fresh interpreter, its start included")
    ]


def _python(program: str) -> Callable[[], object]:
    def run() -> None:
        subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)

    return run


BENCHMARKS: dict[str, Callable[[], list[Result]]] = {"import": import_corten, "help": help_text}
