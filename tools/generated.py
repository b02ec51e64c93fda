"""The generated parts of the documentation.

    python -m tools.generated            say which are stale; exit 1 when any is
    python -m tools.generated --write    regenerate them (`make readme`; `make readme ARGS=demo` only that one)

A generated part stands between two comments and is never edited by hand:

    <!-- generated: layers -->
    …
    <!-- end generated -->

A part that shows a command's output is compared without its times and rates: see `without_timings`.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n)(?P<body>.*?)(<!-- end generated -->)", re.DOTALL)
COLUMNS = "100"
OF_AN_OUTER_MAKE = {"MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "ARGS"}


@dataclass(frozen=True)
class Part:
    """How one generated part is made, whether that takes long, and whether an older one is an error."""

    generate: Callable[[], str]
    slow: bool = False
    may_be_old: bool = False


# ── what is generated ────────────────────────────────────────────────────────────────────────────────────────────────


def layers() -> str:
    """The import layers in import-linter's order, each with the first sentence of its package's docstring."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = configuration["tool"]["importlinter"]["contracts"]
    listed = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    lines = [_layer_line(name.strip("()"), contracts) for name in listed]
    picture = "\n         │  imports point down only\n         ▼\n".join([lines[0], "\n".join(lines[1:])])
    return f"```text\n{picture}\n```\n"


def _layer_line(name: str, contracts: list[dict[str, Any]]) -> str:
    sentence = _first_sentence(ROOT / "src/corten" / name / "__init__.py")
    libraries = [library for library in _exclusive_libraries(contracts) if _may_import(name, library, contracts)]
    importer = f" (only importer of {', '.join(libraries)})" if libraries else ""
    return f"{name:<10} {sentence}{importer}".rstrip()


def _exclusive_libraries(contracts: list[dict[str, Any]]) -> list[str]:
    """Libraries that a contract of their own name reserves for one package."""
    return [contract["id"] for contract in contracts if contract.get("forbidden_modules") == [contract["id"]]]


def _may_import(layer: str, library: str, contracts: list[dict[str, Any]]) -> bool:
    contract = next(contract for contract in contracts if contract["id"] == library)
    return f"corten.{layer}.** -> {library}" in contract["ignore_imports"]


def _first_sentence(path: Path) -> str:
    if not path.exists():
        return ""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(docstring.split("\n\n")[0].split())
    return re.split(r"(?<=[^.])\.(?:\s|$)", paragraph)[0]


def command(line: str, last_lines: int | None = None) -> Callable[[], str]:
    """A part that shows a command and what it printed, or the last lines of that."""

    def generate() -> str:
        printed = _output(line).splitlines(keepends=True)
        shown = printed if last_lines is None else ["…\n", *printed[-last_lines:]]
        return f"```console\n$ {line}\n{''.join(shown)}```\n"

    return generate


def _output(line: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if name not in OF_AN_OUTER_MAKE}
    environment = {**inherited, "COLUMNS": COLUMNS, "NO_COLOR": "1", "TERM": "dumb"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    run = subprocess.run(
        line.split(), cwd=ROOT, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if run.returncode != 0:
        raise SystemExit(f"`{line}` failed with exit code {run.returncode}:\n{run.stdout}{run.stderr}")
    return "".join(f"{text.rstrip()}\n" for text in run.stdout.strip("\n").splitlines())


def order_book_gas() -> str:
    """What each operation of the order book costs."""
    from tools.gas_table import gas_table

    return gas_table()


def host_functions() -> str:
    """What contracts may call in their host."""
    from tools.host_functions import host_functions

    return host_functions()


def accuracy() -> str:
    """The largest errors of the mathematical library."""
    from tools.accuracy import table

    return table(5_000)


PARTS: dict[str, Part] = {
    "accuracy": Part(accuracy, slow=True, may_be_old=True),
    "host_functions": Part(host_functions),
    "layers": Part(layers),
    "order_book_gas": Part(order_book_gas),
    "demo": Part(command("make demo"), slow=True),
    "tests": Part(command("make test", last_lines=1), slow=True, may_be_old=True),
}

# ── writing and comparing them ───────────────────────────────────────────────────────────────────────────────────────


def documents() -> list[Path]:
    """Every page of the documentation."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def regenerated(text: str, names: list[str]) -> str:
    """`text` with the named parts made anew; KeyError for a part that no one generates."""

    def replace(match: re.Match[str]) -> str:
        name = match["name"]
        body = PARTS[name].generate() if name in names else match["body"]
        return f"{match[1]}{body}{match[4]}"

    return BLOCK.sub(replace, text)


def without_timings(text: str) -> str:
    """`text` with every time, rate and run directory blanked, and with spaces collapsed."""
    text = re.sub(r"\d[\d,.]*\s*(?:M|k)?\s*(?:ns|µs|us|ms|s|min|messages/s|msg/s|/s|MiB/s)\b", "…", text)
    text = re.sub(r"runs/\S+", "runs/…", text)
    return re.sub(r"[ \t─━]+", " ", text)


def stale(path: Path, names: list[str]) -> bool:
    """Would regenerating the named parts change what `path` says, timings aside?"""
    text = path.read_text(encoding="utf-8")
    return without_timings(regenerated(text, names)) != without_timings(text)


def main() -> None:
    """Write, or say what is stale."""
    arguments = sys.argv[1:]
    write = "--write" in arguments
    chosen = [argument for argument in arguments if argument != "--write"]
    names = chosen or [name for name, part in PARTS.items() if write or not part.may_be_old]
    found = False
    for path in documents():
        text = path.read_text(encoding="utf-8")
        if not BLOCK.search(text):
            continue
        if write:
            path.write_text(regenerated(text, names), encoding="utf-8")
        elif stale(path, names):
            found = True
            print(f"{path.relative_to(ROOT)} is stale: run `make readme`")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
