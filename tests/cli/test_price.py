"""`corten price` on a small chain, and on the recorded ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from corten.cli.app import run

pytest.importorskip("scipy")
pytest.importorskip("polars")

from tests.quant import chains


def test_what_it_prints(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    assert run(["price", str(chains.write(tmp_path / "chain.parquet"))]) == 0
    printed = capsys.readouterr().out
    assert "BTC options  2026-01-01 08:00:00 UTC  102 options, prices in coin" in printed
    assert "31 Jan 2026  30.00 days  forward 100,000.00  at the money 50" in printed
    assert printed.count(" call ") == printed.count(" put ") == 51
    assert "none, on the whole line (decided exactly)" in printed
    line = next(one for one in printed.splitlines() if "100,000   call" in one and "0.05714" in one)
    assert " 50.00 " in line


@pytest.mark.slow
def test_one_expiry_and_files(tmp_path, capsys, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setenv("COLUMNS", "140")
    path, out = chains.write(tmp_path / "chain.parquet", is_inverse=False), tmp_path / "out"
    options = ["--linear", "--expiry", "2026-01-08", "--model", "svi", "--out", str(out), "--format", "svg"]
    assert run(["price", str(path), *options]) == 0
    printed = capsys.readouterr().out
    assert "prices in quote units" in printed
    assert printed.count(" call ") == 17
    assert "SVI surface" in printed
    assert sorted(one.name for one in out.iterdir()) == [
        "chain.parquet", "smiles.svg", "surface.svg", "total_variance.svg"
    ]  # fmt: skip


def test_arbitrage_in_quotes_is_told(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "140")
    row = chains.row_of(30, "call", 110_000)
    path = chains.write(tmp_path / "chain.parquet", bid_price={row: 0.08}, ask_price={row: 0.07})
    assert run(["price", str(path)]) == 0
    assert "quotes: crossed             1; largest 0.01 of the forward, 31 Jan 2026" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--expiry", "2027"],
            "--expiry: expected the beginning of one of 2026-01-08, 2026-01-31, 2026-04-01, found 2027",
        ),
        (["--currency", "DOGE"], "--currency: expected one of BTC, found DOGE"),
        (["--snapshot", "2020"], "--snapshot: expected the beginning of one of 2026-01-01 08:00:00, found 2020"),
    ],
)
def test_wrong_choices(tmp_path, capsys, options, message):
    assert run(["price", str(chains.write(tmp_path / "chain.parquet")), *options]) == 1
    assert message in capsys.readouterr().err


def test_bad_rows_are_located(tmp_path, capsys):
    assert run(["price", str(chains.write(tmp_path / "chain.parquet", strike={5: 0.0}))]) == 1
    assert "row 5, column strike: expected a number > 0, found 0.0" in capsys.readouterr().err


def test_a_missing_library_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    assert run(["price", str(chains.__file__)]) == 1
    assert "polars, which `pip install corten[quant]` installs" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chains_8snapshots_202601_202604", "btc_daily_otm_20260101_20260430"])
def test_the_recorded_chains_as_they_are(recordings: Path, name, tmp_path, capsys):
    path = recordings / "deribit_option_chains" / f"{name}.parquet"
    if not path.is_file():
        pytest.skip(f"no option chain at {path}")
    assert run(["price", str(path), "--out", str(tmp_path)]) == 0
    assert "none, on the whole line" in capsys.readouterr().out
    assert (tmp_path / "smiles.png").stat().st_size > 50_000
