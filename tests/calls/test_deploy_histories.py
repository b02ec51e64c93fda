"""Random histories of deployments, calls, failures, snapshots and forks: every engine tells the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.calls.test_deploy import NEST, Works

STEPS = 60
ENGINES = ("wasmtime", "v8", "python")


class History:
    """One engine's side. What a step returns must not depend on the engine."""

    def __init__(self, engine: str) -> None:
        self.works = Works(engine)
        self.machine = self.works.machine
        nest = self.works.nest
        self.machine.deploy(NEST, code=nest, depth=1, twins=0, fate=0)
        self.kept = self.machine.snapshot()
        self.codes = [self.works.coin, self.works.plain, self.works.guest, nest, bytes(32)]

    def step(self, random: np.random.Generator) -> Any:
        choice, code, number, amount = (int(random.integers(0, limit)) for limit in (12, 5, 40, 2000))
        if choice == 10:
            self.machine.restore(self.kept)
            return "restored"
        if choice == 11:
            self.kept = self.machine.fork().snapshot()
            return "kept"
        name, arguments = self._message(choice, self.codes[code], number, amount - 100)
        contract = self.machine["Nest" if name == "grow" else "Factory"]
        receipt = contract.call(name, arguments, sender=number)
        stopped = receipt.stopped_in and (receipt.stopped_in.address, receipt.stopped_in.error)
        return name, receipt.status, receipt.code, receipt.result, receipt.all_events, stopped

    def _message(self, choice: int, code: bytes, number: int, amount: int) -> tuple[str, dict[str, Any]]:
        coin, fate = self.works.coin, number % 5
        messages: list[tuple[str, dict[str, Any]]] = [
            ("open", {"code": coin, "owner": self.machine["Factory"].address, "supply": amount}),
            ("open", {"code": code, "owner": number, "supply": fate}),
            ("open_and_pay", {"code": coin, "to": number, "amount": amount}),
            ("open_many", {"code": coin, "count": number % 18}),
            ("open_and_reject", {"code": coin}),
            ("open_and_trap", {"code": coin}),
            ("invite", {"code": self.works.guest, "fate": fate}),
            ("pay", {"number": fate, "to": number, "amount": amount}),
            ("ask", {"address": 0x8000_0000 + number}),
            ("grow", {"code": self.works.nest, "depth": fate + 1, "twins": number % 2, "fate": amount % 3}),
        ]
        return messages[choice]

    def state(self) -> Any:
        contracts = self.machine.contracts.values()
        balances = [each.balance(account=3) for each in contracts if each.interface.name == "Coin"]
        return [(each.name, each.address) for each in contracts], balances, set(self.machine.published)


@pytest.mark.parametrize("seed", range(4))
def test_every_engine_tells_the_same(seed):
    pytest.importorskip("py_mini_racer")
    histories = [History(engine) for engine in ENGINES]
    randoms = [np.random.default_rng(seed) for _ in ENGINES]
    ends = set()
    for _ in range(STEPS):
        told = [each.step(random) for each, random in zip(histories, randoms, strict=True)]
        assert all(other == told[0] for other in told)
        ends.add(told[0][1:3] if isinstance(told[0], tuple) else told[0])
    states = [each.state() for each in histories]
    assert all(other == states[0] for other in states)
    assert len(ends) > 5
    roots = {each.works.root() for each in histories} - {None}
    assert len(roots) == 1
