"""The main job: an exchange's order flow through the order book, a run directory, and the proof that it replays."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from corten.demo.bitstamp import Recording, read_recording
from corten.demo.execution import ORDER_BOOK, BookSample, Execution, Interval
from corten.demo.flow import FlowShape, generate_flow
from corten.demo.optional import load_polars, load_pyplot
from corten.demo.picture import Market, draw
from corten.demo.run import (
    EVENTS,
    EventColumns,
    Manifest,
    RunDirectory,
    compare,
    event_rows,
    receipt_rows,
)
from corten.demo.summary import Agreement, Summary, Units, print_summary
from corten.vm import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corten.demo.messages import Messages

MESSAGE_COUNT = 1_000_000
INTERVALS = 200

UNITS = Units(price=100, size=100_000_000, base="BTC", quote="USD")

RECORDED_RULES = {
    "tick_size": 1,  # a cent
    "lot_size": 1,  # 1e-8 BTC
    "minimum_price": 1,
    "maximum_price": 1_000_000,
    "minimum_size": 1,
    "maximum_size": 1_000_000_000_000,
    "maximum_orders": 1 << 20,
    "match_limit": 1_000,
}


def run_book_demo(
    data: Path | None, seed: int, out: Path | None, message_count: int = MESSAGE_COUNT, console: Console | None = None
) -> Path:
    """Executes a recording, or `message_count` generated messages, and replays the run. Returns the run directory.

    Raises InvalidInput when the recording cannot be read, DivergenceError when the replay comes to another state.
    """
    load_polars(), load_pyplot()
    console = console or Console()
    run = RunDirectory(out or Path("runs") / (f"book-{data.stem}" if data else f"book-seed-{seed}"))
    with console.status("reading the recording" if data else "generating messages"):
        job = _Recorded(data) if data else _Generated(seed, message_count)
    console.print(f"[bold]{job.title}[/]: {len(job.messages):,} messages → {run.path}")
    summary, market = _execute(job, run, console)
    draw(market, run.picture)
    print_summary(summary, console)
    _replay(run, run.manifest(), console)
    console.print(f"[green]✓[/] replayed in a fresh machine: the same {len(run.manifest().roots)} state roots")
    console.print(f"[dim]{run.picture}\nagain: corten replay {run.path}[/]")
    return run.path


def replay_run(path: Path, console: Console | None = None, engine: str = "wasmtime") -> None:
    """Executes a recorded run again in a fresh machine, by any engine.

    Raises InvalidInput when the directory is no run, DivergenceError naming the first message that went differently.
    """
    console = console or Console()
    run = RunDirectory(path)
    manifest = run.manifest()
    _replay(run, manifest, console, engine)
    run.check(manifest)
    console.print(f"[green]✓[/] {manifest.message_count:,} messages, {len(manifest.roots)} equal state roots")
    console.print(f"[dim]root {manifest.roots[-1] if manifest.roots else 'of an empty run'}[/]")


class _Generated:
    """A seeded flow."""

    def __init__(self, seed: int, message_count: int) -> None:
        self.title = f"generated flow, seed {seed}"
        self.shape = FlowShape()
        self.messages: Messages = generate_flow(seed, message_count, self.shape)
        self.source: dict[str, Any] = {"kind": "generated", "seed": seed, "shape": asdict(self.shape)}
        self.rules = {
            "tick_size": self.shape.tick_size,
            "lot_size": self.shape.lot_size,
            "minimum_price": self.shape.tick_size,
            "maximum_price": 2 * self.shape.start_price,
            "minimum_size": self.shape.lot_size,
            "maximum_size": 1_000_000_000_000,
            "maximum_orders": 1 << 20,
            "match_limit": 1_000,
        }

    def agreement(self, fills: np.ndarray[Any, Any]) -> Agreement | None:
        """There is nothing to agree with."""
        del fills
        return None


class _Recorded:
    """Bitstamp's order feed."""

    rules = RECORDED_RULES

    def __init__(self, data: Path) -> None:
        self.recording: Recording = read_recording(data)
        self.title = f"recording {data.name}"
        self.messages: Messages = self.recording.messages
        self.source: dict[str, Any] = {"kind": "recording", "name": data.name}

    def agreement(self, fills: np.ndarray[Any, Any]) -> Agreement:
        """What the contract filled of each order against what the venue did."""
        ours: dict[int, int] = {}
        for side in ("maker_client_id", "taker_client_id"):
            for order, size in zip(fills[side].tolist(), fills["size"].tolist(), strict=True):
                ours[order] = ours.get(order, 0) + size
        return Agreement.of(self.recording.filled, ours)


def _execute(job: _Generated | _Recorded, run: RunDirectory, console: Console) -> tuple[Summary, Market]:
    from corten.compiler import compile_contract

    run.write_inputs(job.messages, compile_contract(ORDER_BOOK))
    execution = Execution(run.module, job.rules)
    interval = max(1, -(-len(job.messages) // INTERVALS))
    intervals: list[Interval] = []
    samples: list[BookSample] = []
    for done in _with_progress(execution.run(job.messages, interval), len(job.messages), "executing", console):
        intervals.append(done)
        samples.append(execution.sample(int(job.messages["time"][done.end - 1])))
    run.write_receipts([receipt_rows(one.receipts) for one in intervals])
    events = {name: _all_events(intervals, name, execution) for name in EVENTS}
    run.write_events([EventColumns(name, rows) for name, rows in events.items()])
    run.write_manifest(job.source, job.rules, interval, intervals)
    summary = Summary.of(job.messages, intervals, events, execution, UNITS, job.agreement(events["Fill"]))
    return summary, Market(job.title, UNITS, job.rules["tick_size"], samples, job.messages["time"], events["Fill"])


def _replay(run: RunDirectory, manifest: Manifest, console: Console, engine: str = "wasmtime") -> None:
    messages = run.messages()
    execution = Execution(run.module, manifest.rules, Machine(engine))
    intervals = execution.run(messages, manifest.interval)
    for done in _with_progress(intervals, len(messages), "replaying", console):
        compare(run, manifest, done)


def _all_events(intervals: list[Interval], name: str, execution: Execution) -> np.ndarray[Any, Any]:
    parts = [event_rows(one.receipts, name, one.begin) for one in intervals]
    return np.concatenate(parts) if parts else execution.no_events(name)


def _with_progress(intervals: Iterator[Interval], total: int, what: str, console: Console) -> Iterator[Interval]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total)
        for done in intervals:
            progress.update(task, completed=done.end)
            yield done
