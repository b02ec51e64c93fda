"""Who charges for whom never shows: receipts are those of a contract whose metered blocks pay for themselves."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

import corten.vm.host
from corten import Machine
from corten.vm import Contract
from corten.wasm.instrument import gas
from corten.wasm.instrument.charges import Junctions, Span, charges
from corten.wasm.writer import write_module
from tests.spec.contracts import generate_contract
from tests.spec.machines import fake_service
from tests.spec.test_contracts import OPTIONS, deploy, run_batch, same

SEEDS = 40


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corten.vm.host, "service", fake_service)


def each_for_itself(spans: list[Span], _: Junctions) -> list[int]:
    return [span.cost for span in spans]


def test_receipts_are_those_of_blocks_that_pay_for_themselves(monkeypatch: pytest.MonkeyPatch, faked: None) -> None:
    ended: Counter[str] = Counter()
    for seed in range(SEEDS):
        content = write_module(generate_contract(seed))
        contracts = {}
        for name, rule in (("shared", charges), ("own", each_for_itself)):
            monkeypatch.setattr(gas, "charges", rule)
            contracts[name] = deploy(Machine(cache=False, **OPTIONS), content, seed)
        monkeypatch.setattr(gas, "charges", charges)
        found = {name: each for name, each in contracts.items() if isinstance(each, Contract)}
        same(seed, "deployment", {name: "" if name in found else each for name, each in contracts.items()})
        rng = np.random.default_rng(seed)
        for number in range(3 if found else 0):
            ended += run_batch(seed, number, rng, found)
    assert ended["accepted"] > SEEDS
    assert ended["rejected"]
    assert sum(count for how, count in ended.items() if how.startswith("trapped")) > SEEDS


def test_sums_are_exact_where_the_counter_is_seen() -> None:
    """Random graphs: on every walk between two places where it is looked at, the charges are the costs."""
    saved = 0
    for seed in range(200):
        rng = random.Random(seed)
        junctions = Junctions()
        places = [Junctions.SETTLED] + [junctions.new() for _ in range(rng.randint(1, 8))]
        spans = [
            Span(rng.choice(places), rng.choice(places), rng.randint(0, 9), rng.randint(0, 2), rng.random() < 0.2)
            for _ in range(rng.randint(1, 16))
        ]
        found = charges(spans, junctions)
        open_ones = {junctions.find(place) for place in places} - {Junctions.SETTLED}
        saved += len(open_ones)
        for start in range(20):
            walk, at = [], Junctions.SETTLED
            for step in range(30):
                ways = [number for number, span in enumerate(spans) if junctions.find(span.begin) == at]
                if not ways:
                    break
                walk.append(ways[(start * 7 + step * step) % len(ways)])
                at = junctions.find(spans[walk[-1]].end)
                if at == Junctions.SETTLED:
                    assert sum(found[number] for number in walk) == sum(spans[number].cost for number in walk)
    assert saved


def test_a_diamond_charges_in_one_arm_of_two() -> None:
    junctions = Junctions()
    parting, meeting = junctions.new(), junctions.new()
    arms = [Span(parting, meeting, cost, 0, is_seen=False) for cost in (5, 7)]
    spans = [Span(0, parting, 3, 0, is_seen=False), *arms, Span(meeting, 0, 2, 0, is_seen=False)]
    found = charges(spans, junctions)
    assert sum(map(bool, found)) == 2
    assert [found[0] + found[arm] + found[3] for arm in (1, 2)] == [10, 12]


@pytest.mark.parametrize("seen", [(False, False), (False, True), (True, False), (True, True)])
def test_in_front_of_a_call_everything_is_paid(seen: tuple[bool, bool]) -> None:
    junctions = Junctions()
    between = junctions.new()
    spans = [Span(0, between, 4, 0, seen[0]), Span(between, 0, 6, 0, seen[1])]
    assert charges(spans, junctions) in ([[4, 6]] if seen[0] else [[0, 10], [10, 0]])
