"""Benchmarks are found by name, measured, and printed."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import pytest

from corten import bench
from corten.bench import registry
from corten.cli.app import run


@pytest.fixture
def family(monkeypatch):
    """A family called `fake` with two benchmarks, and no other."""
    module = ModuleType("corten.bench.fake")
    module.BENCHMARKS = {
        "quick": lambda: [bench.Result("quick", 1234.5, "ns", "native", 1.25, "gas on")],
        "plain": lambda: [bench.Result("fake.plain", 0.5, "ms")],
    }
    monkeypatch.setitem(sys.modules, "corten.bench.fake", module)
    monkeypatch.setattr(registry, "family_names", lambda: ["fake"])


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (None, ["fake.quick", "fake.plain"]),
        ("fake", ["fake.quick", "fake.plain"]),
        ("fake.plain", ["fake.plain"]),
        ("quick", ["fake.quick"]),
    ],
)
def test_benchmarks_are_selected_by_family_or_name(family, name, found):
    assert [one.full_name for one in bench.find_benchmarks(name)] == found


def test_an_unknown_benchmark_names_the_known_ones(family):
    with pytest.raises(bench.BenchmarkMissing, match=r"fake\.quick, fake\.plain"):
        bench.find_benchmarks("fake.slow")


def test_json_is_a_list_of_the_six_fields(family, capsys):
    assert run(["bench", "--json"]) == 0
    quick, plain = json.loads(capsys.readouterr().out)
    assert list(quick) == ["name", "value", "unit", "peer", "ratio", "conditions"]
    assert quick["name"] == "fake.quick"
    assert quick["conditions"].startswith("gas on; cpu ")
    assert (plain["name"], plain["peer"], plain["ratio"]) == ("fake.plain", None, None)


def test_table_shows_ratio_and_peer(family, capsys):
    assert run(["bench", "quick"]) == 0
    printed = capsys.readouterr().out
    assert "1.25×" in printed
    assert "native" in printed


def test_paired_swaps_the_order_each_round():
    calls: list[str] = []
    times = bench.paired(lambda: calls.append("a"), lambda: calls.append("b"), rounds=4, warm_up=1)
    assert "".join(calls) == "ab" + "abba" * 2
    assert times.ours > 0
    assert times.peer > 0
    assert times.ratio > 0
