"""`corten demo …` and `corten replay`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from corten.base.errors import HostFault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def order_book_demo(data: Path | None, seed: int, out: Path | None) -> None:
    """Run the order book on a recording or a generated flow; the run directory is replayed and compared."""
    from corten.demo.book import run_book_demo

    with _divergence_is_ours():
        run_book_demo(data, seed, out)


def replay_recorded(run_directory: Path, engine: str = "wasmtime") -> None:
    """Execute a run directory again; HostFault names the first message that went differently."""
    from corten.demo.book import replay_run

    with _divergence_is_ours():
        replay_run(run_directory, None, engine)


@contextmanager
def _divergence_is_ours() -> Iterator[None]:
    """A run's files are checked before it is replayed, so a machine that comes to another state is at fault itself."""
    from corten.demo.run import DivergenceError

    try:
        yield
    except DivergenceError as error:
        raise HostFault(str(error)) from error
