"""Every file of the corpus on every engine: it ends as its header says, and nothing but a receipt is left of it."""

from __future__ import annotations

import importlib.util
import re
import time

import numpy as np
import pytest

import corten
from corten.base.errors import DiagnosticError, InvalidModule, Status
from tests.hostile.corpus import FILES, Case, read_case
from tests.vm.modules import token

MEMORY_LIMIT = 1 << 20
GAS_LIMIT = 20_000_000
SECONDS = 20
"""For a batch of ten thousand traps and everything else; a hang would take forever, a slow machine three times this."""

ENGINES = ["wasmtime"] + ["v8"] * (importlib.util.find_spec("py_mini_racer") is not None)
CASES = [pytest.param(read_case(path), id=path.stem) for path in FILES]


class Host:
    """A machine with an honest contract beside which hostile ones are deployed."""

    def __init__(self, engine: str) -> None:
        self.machine = corten.Machine(engine, memory_limit=MEMORY_LIMIT, gas_limit=GAS_LIMIT, cache=False)
        self.token = self.machine.deploy(token(), sender=1, supply=1000)

    def check_alive(self) -> None:
        """The machine still takes a good message."""
        before = self.machine.state_root
        assert self.token.transfer(to=2, amount=1, sender=1).accepted
        assert self.machine.state_root != before


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES)
def test_hostile(case: Case, engine: str) -> None:
    source, host = case.content, Host(engine)
    begun = time.perf_counter()
    if case.outcome == "refused":
        _check_refused(host, case)
    else:
        contract = host.machine.deploy(source)
        _check_stopped(host, case, contract)
        elapsed = time.perf_counter() - begun
        _check_good(contract, engine, case)
        assert elapsed < int(case.header.get("seconds", SECONDS)) * 3
    host.check_alive()


def _check_refused(host: Host, case: Case) -> None:
    root = host.machine.state_root
    with pytest.raises((InvalidModule, DiagnosticError), match=case.pattern):
        host.machine.deploy(case.content)
    assert host.machine.state_root == root
    assert list(host.machine.contracts) == ["Token"]


def _check_stopped(host: Host, case: Case, contract: corten.Contract) -> None:
    gas_limit = int(case.header.get("gas limit", GAS_LIMIT))
    root = host.machine.state_root
    count = int(case.header.get("messages", 1))
    receipts = contract.submit("attack", np.zeros(count, contract.dtype("attack")), gas_limit=gas_limit)
    assert set(receipts.status.tolist()) == {int(Status[case.outcome.upper()])}
    for code in sorted(set(receipts.code.tolist())):
        assert contract.interface.reason(int(receipts.status[0]), code) in case.pattern.split("|")
    assert not len(receipts.events["Tick"])
    _check_gas(case.header.get("gas", ""), receipts.gas, gas_limit)
    assert host.machine.state_root == root
    alone = contract.attack(n=0, gas_limit=gas_limit)
    assert (alone.status, alone.gas) == (receipts.status[0], receipts.gas[0])
    assert host.machine.state_root == root


def _check_gas(expected: str, gas: np.ndarray, gas_limit: int) -> None:
    """Equal attacks on an equal state cost the same."""
    assert gas.min() == gas.max() <= gas_limit
    if expected == "limit":
        assert gas.min() == gas_limit
    elif expected:
        least = re.fullmatch(r"at least (\d+)", expected)
        assert least is not None
        assert gas.min() >= int(least[1])


def _check_good(contract: corten.Contract, engine: str, case: Case) -> None:
    """A good message afterwards leads to the state that it leads to without the attack before it."""
    fresh = Host(engine).machine.deploy(case.content)
    assert fresh.state_root == contract.state_root
    for each in (contract, fresh):
        assert each.good(n=1).accepted
    assert fresh.state_root == contract.state_root


@pytest.mark.parametrize("case", [case for case in CASES if case.values[0].outcome != "refused"])
@pytest.mark.skipif(len(ENGINES) < 2, reason="the second engine is not installed")
def test_engines_agree(case: Case) -> None:
    results = []
    for engine in ENGINES:
        host = Host(engine)
        contract = host.machine.deploy(case.content)
        receipt = contract.attack(n=0, gas_limit=int(case.header.get("gas limit", GAS_LIMIT)))
        results.append((receipt.status, receipt.error, receipt.gas, host.machine.state_root))
    assert results[0] == results[1]
