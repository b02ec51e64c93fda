"""What the language refuses, and how: every case stands in `refused/*.txt` with its diagnostics on the offending lines.

A file holds cases separated by `---`. A case is declarations and entries (`=== entries`; without it, what begins with
`@message` or the like), `=== state` fields, or a whole file (`=== source`). `# E302: some words` at a line's end says
which diagnostic is reported there, and what its message or hint contains; `#   ^` below, at which column.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from corten.base.errors import Diagnostic, DiagnosticError
from corten.compiler import compile_contract
from corten.compiler.diagnostics import CODES
from tests.compiler.harness import HEADER, contract, write_source

REFUSED = Path(__file__).parent / "refused"
_EXPECTED = re.compile(r"#\s*(E\d{3})(?::\s*(.*))?$")


@dataclass(frozen=True)
class Refused:
    """One case: its name and source, and what stands in it beside the code."""

    name: str
    source: str
    anywhere: tuple[str, ...]


def cases() -> list[Refused]:
    found = []
    for path in sorted(REFUSED.glob("*.txt")):
        for number, text in enumerate(re.split(r"^---\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)):
            found.append(_case(f"{path.stem}-{number}", text))
    return found


def _case(name: str, text: str) -> Refused:
    sections: dict[str, str] = {}
    current = "first"
    anywhere: list[str] = []
    for line in text.splitlines():
        if line.startswith("=== expect"):
            anywhere.append(line.removeprefix("=== expect "))
        elif line.startswith("=== "):
            current = line.removeprefix("=== ").strip()
        else:
            sections[current] = sections.get(current, "") + line + "\n"
    if "source" in sections:
        return Refused(name, sections["source"], tuple(anywhere))
    first = sections.get("first", "")
    is_entries = "entries" not in sections and re.search(
        r"^@(message|view|init)\n(async )?def \w+\(self", first, re.MULTILINE
    )
    entries = first if is_entries else sections.get("entries", "@message\ndef fine(self) -> None:\n    pass\n")
    source = HEADER + contract(entries, "" if is_entries else first, sections.get("state", "unused: u8"))
    return Refused(name, source, tuple(anywhere))


def diagnostics_of(source: str) -> list[Diagnostic]:
    with pytest.raises(DiagnosticError) as raised:
        compile_contract(write_source(source))
    return raised.value.diagnostics


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_refused(case: Refused) -> None:
    lines = case.source.splitlines()
    found = diagnostics_of(case.source)
    report = "\n".join(map(str, found))
    wanted = {n: match for n, line in enumerate(lines, 1) if (match := _EXPECTED.search(line))}
    unexpected = [d for d in found if d.span.line not in wanted or d.code != wanted[d.span.line][1]]
    for code, _, words in (item.partition(" ") for item in case.anywhere):
        matching = [d for d in unexpected if d.code == code and words in d.message + d.hint]
        assert matching, f"{code} {words}\n{report}"
        unexpected = [d for d in unexpected if d not in matching]
    assert not unexpected, "not expected:\n" + "\n".join(f"{d}\n  {lines[d.span.line - 1]}" for d in unexpected)
    for number, match in wanted.items():
        here = [d for d in found if d.span.line == number]
        assert here, f"nothing reported at line {number}: {lines[number - 1]}\n{report}"
        words = match[2] or ""
        assert any(words in f"{d.message} {d.hint}" for d in here), f"{words!r} is not in {here}"
        below = lines[number] if number < len(lines) else ""
        if re.fullmatch(r"\s*#\s*\^", below):
            assert any(d.span.column == below.index("^") for d in here), f"{here} begin at another column"


def test_every_code_has_a_case() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in REFUSED.glob("*.txt"))
    for other in (Path(__file__).parent / "test_bounds.py", Path(__file__).parents[1] / "kernel" / "test_compiling.py"):
        text += other.read_text(encoding="utf-8")
    assert [code for code in CODES if code not in text] == []


def test_spans_lie_inside_the_source() -> None:
    for case in cases():
        lines = case.source.splitlines()
        for diagnostic in diagnostics_of(case.source):
            assert 1 <= diagnostic.span.line <= max(len(lines), 1), diagnostic
            assert diagnostic.span.file == "contract.py"
            assert (
                diagnostic.message[:1].islower()
                or not diagnostic.message[:1].isalpha()
                or diagnostic.message[0] == "`"
                or diagnostic.message.split()[0].rstrip(",") in lines[diagnostic.span.line - 1]
            ), diagnostic


def test_several_at_once_in_source_order() -> None:
    source = HEADER + contract(
        "@message\ndef one(self) -> i64:\n    return unknown\n\n@message\ndef two(self, x) -> None:\n    y = x / 2\n"
        "    z: u8 = 300\n"
    )
    found = diagnostics_of(source)
    assert [d.code for d in found] == ["E200", "E103", "E303"]
    assert [d.span.line for d in found] == sorted(d.span.line for d in found)


def test_a_diagnostic_reads_well() -> None:
    source = HEADER + contract("@message\ndef run(self, a: i64, b: u8) -> i64:\n    return a + b\n")
    (found,) = diagnostics_of(source)
    assert str(found) == "contract.py:14:16: E301: `+` is not defined on i64 and u8\n    help: convert: i64(b)"


def test_the_page_of_diagnostics_is_current() -> None:
    """Update it with `python -m tools.diagnostics`."""
    from tools.diagnostics import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page()
