"""The documentation says what is so: links lead somewhere, generated parts are fresh, permanent numbers are listed."""

from __future__ import annotations

import re
from enum import IntEnum
from pathlib import Path

import pytest

from corten.base.errors import InvalidCode, Status, TrapCode
from tools import generated

ROOT = Path(__file__).resolve().parents[2]
PAGES = generated.documents()
PAGE_NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
LINK = re.compile(
    r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)|(?:href|src)=\"(?P<html>[^\"]+)\"|!\[[^\]]*\]\((?P<image>[^)]+)\)"
)
PLACES = re.compile(r"click \w+ (?:href )?\"(?P<target>[^\"]+)\"")

RECORDS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
RECORD_HEADINGS = ["## Decision", "## Why", "## Alternatives", "## Consequences"]


def links(page: Path) -> list[str]:
    """Relative targets that a page links to, without their anchors."""
    text = page.read_text(encoding="utf-8")
    targets = [next(filter(None, match.groups())) for match in LINK.finditer(text)]
    targets += [match["target"] for match in PLACES.finditer(text)]
    return [target.partition("#")[0] for target in targets if "://" not in target and not target.startswith("#")]


def reachable(start: Path) -> set[Path]:
    """Pages that a reader who starts at `start` can get to."""
    seen: set[Path] = set()
    waiting = [start]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        waiting += [(page.parent / target).resolve() for target in links(page)]
    return seen


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_links_lead_somewhere(page):
    dead = [target for target in links(page) if not (page.parent / target).exists()]
    assert not dead, f"{page.relative_to(ROOT)} links to what does not exist: {dead}"


def test_every_page_is_linked():
    missing = [str(page.relative_to(ROOT)) for page in PAGES if page not in reachable(ROOT / "README.md")]
    assert not missing, f"link these from docs/README.md: {missing}"


@pytest.mark.parametrize(
    ("heading", "codes"), [("Trap codes:", TrapCode), ("Invalid codes:", InvalidCode)], ids=["traps", "invalid"]
)
def test_permanent_numbers_are_documented(heading: str, codes: type[IntEnum]):
    paragraphs = (ROOT / "docs/spec/module.md").read_text(encoding="utf-8").split("\n")
    text = " ".join(paragraphs).partition(heading)[2]
    missing = [f"{code.value} {code.name.lower()}" for code in codes if f"{code.value} {code.name.lower()}" not in text]
    assert not missing, f"list them in docs/spec/module.md after {heading!r}: {missing}"


def test_statuses_are_documented():
    text = (ROOT / "docs/spec/module.md").read_text(encoding="utf-8")
    listed = ", ".join(f"{status.value} {status.name.lower()}" for status in Status)
    assert listed in text, f"docs/spec/module.md should say `u8 status ({listed})`"


QUICK = [name for name, part in generated.PARTS.items() if not part.slow]
SLOW = [name for name, part in generated.PARTS.items() if part.slow and not part.may_be_old]


@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_generated_parts_are_known_and_fresh(page):
    names = [match["name"] for match in generated.BLOCK.finditer(page.read_text(encoding="utf-8"))]
    unknown = [name for name in names if name not in generated.PARTS]
    assert not unknown, f"tools/generated.py does not generate {unknown}"
    assert not generated.stale(page, QUICK), f"{page.relative_to(ROOT)} is stale: run `make readme`"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=PAGE_NAMES)
def test_captured_output_is_what_the_commands_still_print(page):
    assert not generated.stale(page, SLOW), f"{page.relative_to(ROOT)} is stale: run `make readme`"


def test_stale_parts_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- generated: layers -->\nbase on top\n<!-- end generated -->\n", encoding="utf-8")
    assert generated.stale(page, QUICK)
    page.write_text(generated.regenerated(page.read_text(encoding="utf-8"), QUICK), encoding="utf-8")
    assert not generated.stale(page, QUICK)


def test_timings_do_not_make_a_part_stale():
    before, after = "fills 482   took 1.2 s, 812,345 messages/s", "fills 482  took 0.93 s, 1,012,345 messages/s"
    assert generated.without_timings(before) == generated.without_timings(after)
    assert generated.without_timings(before) != generated.without_timings(before.replace("482", "483"))


@pytest.mark.parametrize("record", RECORDS, ids=[record.name for record in RECORDS])
def test_decision_record_has_the_fixed_headings(record):
    text = record.read_text(encoding="utf-8")
    number = record.name[:4]
    assert re.match(rf"# {number} \S", text), f"the title should be `# {number} <what was decided>`"
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == RECORD_HEADINGS


def test_decision_records_are_numbered_from_one_without_gaps():
    assert [record.name[:4] for record in RECORDS] == [f"{number:04}" for number in range(1, len(RECORDS) + 1)]


def test_every_package_says_what_it_is():
    silent = [
        str(path.parent.relative_to(ROOT))
        for path in sorted((ROOT / "src" / "corten").rglob("__init__.py"))
        if not path.read_text(encoding="utf-8").startswith('"""')
    ]
    assert not silent, f"their __init__.py should begin with a docstring: {silent}"
