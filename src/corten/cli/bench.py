"""`corten bench`."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.table import Table

    from corten.bench import Result


def run_benchmarks(name: str | None, *, as_json: bool) -> None:
    """Measure all benchmarks, or those that `name` selects, and print them; BenchmarkMissing when it selects none."""
    from corten.bench import environment, find_benchmarks, run_benchmark

    results: list[Result] = []
    for benchmark in find_benchmarks(name):
        if not as_json:
            click.echo(f"measuring {benchmark.full_name} …", err=True)
        results += run_benchmark(benchmark)
    here = "; ".join(f"{key} {value}" for key, value in environment().items())
    if as_json:
        rows = [_row(result, here) for result in results]
        click.echo(json.dumps(rows, indent=2))
    else:
        _print_table(results, here)


def _row(result: Result, here: str) -> dict[str, object]:
    row = dataclasses.asdict(result)
    row["conditions"] = "; ".join(part for part in (result.conditions, here) if part)
    row["peer"] = result.peer or None
    return row


def _print_table(results: list[Result], here: str) -> None:
    from rich.console import Console

    console = Console()
    console.print(_table(results))
    console.print(here, style="dim", highlight=False)


def _table(results: list[Result]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(
        box=box.SIMPLE_HEAD, title="ratio = our time / the peer's time, taken in one run", title_justify="left"
    )
    table.add_column("benchmark")
    table.add_column("value", justify="right")
    table.add_column("unit")
    table.add_column("ratio", justify="right")
    table.add_column("peer")
    table.add_column("conditions", overflow="fold")
    for one in results:
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}×"
        table.add_row(one.name, _number(one.value), one.unit, ratio, one.peer, one.conditions)
    return table


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
