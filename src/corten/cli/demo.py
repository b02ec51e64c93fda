"""`corten demo …` and `corten replay`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def order_book_demo(data: Path | None, seed: int, out: Path | None) -> None:
    """Run the order book on a recording or a generated flow; the run directory is replayed and compared."""
    from corten.demo.book import run_book_demo

    run_book_demo(data, seed, out)


def replay_recorded(run_directory: Path) -> None:
    """Execute a run directory again; unequal state roots are an error that names the first divergent message."""
    from corten.demo.book import replay_run

    replay_run(run_directory)
