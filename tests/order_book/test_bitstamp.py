"""The feed as messages, by small feeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from corten.base.errors import InvalidInput
from corten.demo.bitstamp import BUYER, SELLER, read_recording
from corten.demo.messages import BUY, CANCEL, PLACE, REPLACE, SELL

polars = pytest.importorskip("polars")

Event = tuple[int, str, str, float, int]
"""order, action, direction, price, volume"""


def recording(directory: Path, *events: Event):
    columns = list(zip(*events, strict=True))
    frame = polars.DataFrame(
        {
            "seq": list(range(len(events))),
            "id": list(columns[0]),
            "timestamp": [1_000 + position for position in range(len(events))],
            "price": list(columns[3]),
            "volume": list(columns[4]),
            "action": list(columns[1]),
            "direction": list(columns[2]),
        }
    )
    frame.write_parquet(directory / "feed.parquet")
    return read_recording(directory)


def messages(found) -> list[tuple[int, ...]]:
    """entry, sender, order, price, size"""
    return found.messages[["entry", "sender", "client_id", "price", "size"]].tolist()


def test_created_and_deleted_orders(tmp_path: Path):
    found = recording(
        tmp_path,
        (7, "created", "bid", 236.47, 200),
        (8, "created", "ask", 237.0, 50),
        (7, "deleted", "bid", 236.47, 200),
    )
    assert messages(found) == [
        (PLACE, BUYER, 7, 23647, 200),
        (PLACE, SELLER, 8, 23700, 50),
        (CANCEL, BUYER, 7, 23647, 0),
    ]
    assert found.messages["side"].tolist() == [BUY, SELL, BUY]
    assert found.messages["time"].tolist() == [1_000_000_000, 1_001_000_000, 1_002_000_000]
    assert found.filled == {}


def test_fills_are_left_to_the_contract(tmp_path: Path):
    found = recording(
        tmp_path,
        (7, "created", "bid", 236.47, 200),
        (8, "created", "ask", 236.40, 50),
        (7, "changed", "bid", 236.47, 150),
        (8, "deleted", "ask", 236.40, 0),
    )
    assert messages(found) == [(PLACE, BUYER, 7, 23647, 200), (PLACE, SELLER, 8, 23640, 50)]
    assert found.filled == {7: 50, 8: 50}


def test_a_market_order_that_moves_is_replaced(tmp_path: Path):
    found = recording(
        tmp_path,
        (8, "created", "ask", 236.40, 50),
        (8, "changed", "ask", 236.10, 50),
        (8, "changed", "ask", 236.10, 20),
    )
    assert messages(found) == [(PLACE, SELLER, 8, 23640, 50), (REPLACE, SELLER, 8, 23610, 50)]
    assert found.filled == {8: 30}


def test_an_order_from_before_is_placed_ahead_of_newer_ones(tmp_path: Path):
    found = recording(tmp_path, (8, "created", "ask", 237.0, 50), (3, "deleted", "bid", 236.0, 70))
    assert messages(found) == [
        (PLACE, BUYER, 3, 23600, 70),
        (PLACE, SELLER, 8, 23700, 50),
        (CANCEL, BUYER, 3, 23600, 0),
    ]


def test_the_size_of_an_earlier_order_is_what_the_other_side_traded(tmp_path: Path):
    found = recording(
        tmp_path,
        (8, "created", "bid", 237.0, 50),
        (8, "changed", "bid", 237.0, 10),
        (3, "deleted", "ask", 236.9, 0),
    )
    assert messages(found) == [(PLACE, SELLER, 3, 23690, 40), (PLACE, BUYER, 8, 23700, 50)]
    assert found.filled == {8: 40, 3: 40}


def test_an_order_deleted_before_it_was_created_is_passed_over(tmp_path: Path):
    found = recording(
        tmp_path,
        (8, "created", "ask", 237.0, 50),
        (9, "deleted", "bid", 236.0, 70),
        (9, "created", "bid", 236.0, 70),
        (10, "created", "ask", 237.0, 50),
    )
    assert [row[2] for row in messages(found)] == [8, 10]


def test_a_file_that_is_no_feed(tmp_path: Path):
    polars.DataFrame({"price": [1.0]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(InvalidInput, match="columns seq, id"):
        read_recording(tmp_path)


def test_a_directory_without_a_file(tmp_path: Path):
    with pytest.raises(InvalidInput, match="a Parquet file, or a directory with one"):
        read_recording(tmp_path)


def test_a_file_that_is_not_parquet(tmp_path: Path):
    path = tmp_path / "feed.parquet"
    path.write_text("seq,id", encoding="utf-8")
    with pytest.raises(InvalidInput, match="a Parquet file"):
        read_recording(path)
