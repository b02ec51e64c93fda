"""Coins, an exchange and chains of links, on every engine that knows calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from corten.vm import Contract, Machine

SOURCES = Path(__file__).parent / "contracts"
MEMORY_LIMIT = 1 << 20
SUPPLY = 1_000_000


@pytest.fixture(scope="package", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes the user's cache; what one test compiled, the others find."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORTEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@dataclass
class Market:
    """An exchange that holds two coins."""

    machine: Machine
    base: Contract
    quote: Contract
    exchange: Contract

    def balances(self, account: int) -> tuple[int, int]:
        return self.base.balance(account=account), self.quote.balance(account=account)


def make_machine(engine: str = "wasmtime", **options) -> Machine:
    return Machine(engine, memory_limit=MEMORY_LIMIT, **options)


def make_market(engine: str = "wasmtime") -> Market:
    machine = make_machine(engine)
    owner = 0x8000_0003
    base = machine.deploy(SOURCES / "coin.py", "base", owner=owner, supply=SUPPLY)
    quote = machine.deploy(SOURCES / "coin.py", "quote", owner=owner, supply=SUPPLY)
    exchange = machine.deploy(SOURCES / "exchange.py", base=base, quote=quote)
    assert exchange.address == owner
    return Market(machine, base, quote, exchange)


def make_chain(length: int, engine: str = "wasmtime", **options) -> list[Contract]:
    """Links, the first of which calls the second, and so on."""
    machine = make_machine(engine, **options)
    links: list[Contract] = []
    for _ in range(length):
        links.append(machine.deploy(SOURCES / "link.py", next=links[-1] if links else 0))
    return links[::-1]


@pytest.fixture(params=["wasmtime", "v8", "python"])
def engine(request: pytest.FixtureRequest) -> str:
    return _available(request.param)


@pytest.fixture(params=["wasmtime", "v8"], scope="package")
def compiled(request: pytest.FixtureRequest) -> str:
    """An engine that runs modules: with gas and roots."""
    return _available(request.param)


def _available(engine: str) -> str:
    if engine == "v8":
        pytest.importorskip("py_mini_racer")
    return engine


@pytest.fixture
def market(engine: str) -> Market:
    return make_market(engine)
