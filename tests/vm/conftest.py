"""Machines and a token contract for the tests of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from corten.vm import Contract, Machine
from tests.vm.modules import token

MEMORY_LIMIT = 1 << 20

COIN = """from corten.lang import Contract, Enum, Map, contract, event, i64, init, message, require, u32, view


class Side(Enum):
    BUY = 0
    SELL = 1


@event
class Transfer:
    sender: u32
    to: u32
    amount: i64


@contract
class Coin(Contract):
    balances: Map[u32, i64]
    trades: u32

    @init
    def start(self, supply: i64) -> None:
        require(supply >= 0, "supply_negative")
        self.balances[self.sender] = supply

    @message
    def transfer(self, to: u32, amount: i64) -> None:
        self.balances[to] += amount
        require(amount > 0, "amount_not_positive")
        require(self.balances[self.sender] >= amount, "balance_too_low")
        self.balances[self.sender] -= amount
        self.emit(Transfer(self.sender, to, amount))

    @message
    def trade(self, side: Side, size: i64, price: i64) -> i64:
        self.trades += 1
        if side == Side.SELL:
            return size * price
        return size // price

    @view
    def balance(self, account: u32) -> i64:
        return self.balances[account]

    @view
    def clock(self) -> i64:
        return self.time + i64(self.height)
"""


@pytest.fixture(scope="package", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORTEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(params=["wasmtime", "v8"])
def machine(request: pytest.FixtureRequest) -> Machine:
    """By each engine."""
    if request.param == "v8":
        pytest.importorskip("py_mini_racer")
    return Machine(request.param, memory_limit=MEMORY_LIMIT, cache=False)


@pytest.fixture
def contract(machine: Machine) -> Contract:
    """The hand-written token; account 1 has 1000."""
    return machine.deploy(token(), sender=1, supply=1000)


@pytest.fixture
def coin_source(tmp_path: Path) -> Path:
    """A contract in typed Python."""
    source = tmp_path / "coin.py"
    source.write_text(COIN, encoding="utf-8")
    return source
