"""The main job in small: run, run directory, replay, and what a replay finds that does not agree."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from corten.base.errors import InvalidInput
from corten.cli.app import run as corten
from corten.demo.book import replay_run, run_book_demo
from corten.demo.flow import FlowShape, generate_flow
from corten.demo.messages import CANCEL, PLACE
from corten.demo.run import DivergenceError, RunDirectory

pytest.importorskip("polars")
pytest.importorskip("matplotlib")

COUNT = 4_000


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=120)


@pytest.fixture
def run(tmp_path: Path, console: Console) -> RunDirectory:
    return RunDirectory(run_book_demo(None, 5, tmp_path / "run", COUNT, console))


def test_a_run_is_complete_and_replays(run: RunDirectory, console: Console):
    replay_run(run.path, console)
    assert "equal state roots" in console.file.getvalue()
    names = {path.name for path in run.path.iterdir()}
    events = {"OrderAccepted.parquet", "Fill.parquet", "OrderCancelled.parquet"}
    assert names == events | {"manifest.json", "messages.npy", "order_book.wasm", "receipts.npy", "book.png"}
    assert run.picture.read_bytes().startswith(b"\x89PNG")
    assert len(run.receipts()) == run.manifest().message_count == COUNT


def test_a_run_replays_in_the_second_engine(run: RunDirectory, console: Console, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("py_mini_racer")
    assert corten(["replay", str(run.path), "--engine", "v8"]) == 0
    assert "equal state roots" in capsys.readouterr().out


def test_the_summary_says_what_happened(run: RunDirectory, console: Console):
    text = console.file.getvalue()
    for part in ("messages", "fills", "rejected", "volume", "throughput", "gas", run.manifest().roots[-1]):
        assert part in text


def test_a_changed_message_is_named(run: RunDirectory, console: Console):
    messages = run.messages()
    changed = int(np.flatnonzero((messages["entry"] == PLACE) & (run.receipts()["status"] == 0))[-50])
    messages["size"][changed] += FlowShape().lot_size
    np.save(run.path / "messages.npy", messages)
    with pytest.raises(DivergenceError, match=f"message {changed} is the first") as caught:
        replay_run(run.path, console)
    assert caught.value.message == changed


def test_a_changed_cancel_is_named(run: RunDirectory, console: Console):
    messages = run.messages()
    changed = int(np.flatnonzero((messages["entry"] == CANCEL) & (run.receipts()["status"] == 0))[-50])
    messages["client_id"][changed] = 0xFFFF_FFFF
    np.save(run.path / "messages.npy", messages)
    with pytest.raises(DivergenceError) as caught:
        replay_run(run.path, console)
    assert caught.value.message == changed


def test_a_changed_root_is_found_in_its_interval(run: RunDirectory, console: Console):
    path = run.path / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["roots"][3] = "00" * 32
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(DivergenceError, match="the state does not") as caught:
        replay_run(run.path, console)
    assert (caught.value.message, caught.value.begin) == (None, 3 * manifest["interval"])


def test_a_change_without_effect_is_refused_too(run: RunDirectory, console: Console):
    messages = run.messages()
    messages["side"][np.flatnonzero(messages["entry"] == CANCEL)[0]] ^= 1  # cancels have no side
    np.save(run.path / "messages.npy", messages)
    with pytest.raises(InvalidInput, match=r"messages\.npy that was recorded"):
        replay_run(run.path, console)


def test_a_directory_that_is_no_run(tmp_path: Path, console: Console):
    with pytest.raises(InvalidInput, match="a run directory with a manifest"):
        replay_run(tmp_path, console)


def test_an_empty_flow_runs(tmp_path: Path, console: Console):
    run_book_demo(None, 1, tmp_path / "run", 0, console)
    replay_run(tmp_path / "run", console)


def test_a_seed_is_a_flow():
    first, again, other = generate_flow(1, 2_000), generate_flow(1, 2_000), generate_flow(2, 2_000)
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_the_flow_has_the_shape_that_was_asked_for():
    messages = generate_flow(3, 20_000)
    assert np.mean(messages["entry"] == CANCEL) == pytest.approx(0.4, abs=0.01)
    assert (np.diff(messages["time"]) >= 0).all()
    assert len(np.unique(messages["client_id"][messages["entry"] == PLACE])) == np.sum(messages["entry"] == PLACE)
