"""Writes docs/spec/diagnostics.md from the compiler's table of codes."""

from __future__ import annotations

from pathlib import Path

from corten.compiler.diagnostics import CODES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "spec" / "diagnostics.md"
_GROUPS = {
    "1": "Syntax outside the language",
    "2": "Names and imports",
    "3": "Types",
    "4": "Flow and references",
    "5": "The shape of contracts and kernels",
    "6": "Limits",
}


def page() -> str:
    """The page."""
    lines = [
        "# Diagnostics",
        "",
        "What the compiler reports about contract source. Codes are permanent. All that a file's author must change is",
        "reported at once, each with its place and with what to write instead. Examples of every code, with the words",
        "it is reported in, stand in `tests/compiler/refused/`. Made by `python -m tools.diagnostics`.",
    ]
    for digit, title in _GROUPS.items():
        lines += ["", f"## {title}", "", "| code | meaning |", "|---|---|"]
        lines += [f"| `{code}` | {meaning} |" for code, meaning in CODES.items() if code[1] == digit]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
