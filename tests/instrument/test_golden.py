"""Each pass, as text: what it made of small functions when somebody last looked."""

from __future__ import annotations

import pytest

from tests.instrument import golden


@pytest.mark.parametrize("name", golden.CASES)
def test_page(name: str) -> None:
    assert golden.page(name) == (golden.PAGES / f"{name}.wat").read_text("utf-8")


def test_no_page_is_left_over() -> None:
    assert {path.stem for path in golden.PAGES.glob("*.wat")} == golden.CASES.keys()
