"""Generated contracts on the machine: Wasmtime = V8 = interpreter in receipts, records, gas, sites and state roots.

`CORTEN_CONTRACTS=500 make test` runs that many; `python -m tests.spec.test_contracts SEED --count N` looks for more.
"""

from __future__ import annotations

import argparse
import os
import struct
import time
from collections import Counter
from typing import Any

import numpy as np
import pytest

import corten.vm.host
from corten import Rejected, Trapped
from corten.base.errors import Status, TrapCode
from corten.vm import Contract, Machine, Receipts
from corten.wasm.writer import write_module
from tests.spec.contracts import generate_contract
from tests.spec.driver_twin import Header, Twin
from tests.spec.machines import fake_service, machine
from tests.vm.pairs import random_rows
from tests.wasm.settings import ALL, missing
from tests.wasm.v8_guest import use_liftoff

COUNT = int(os.environ.get("CORTEN_CONTRACTS", "0"))
BATCH = 10
GAS_LIMITS = (100_000_000, 100_000_000, 1_000_000, 20_000, 3_000)
PARTS = 10
TWIN_MESSAGES = 25
GIVING_UP = {TrapCode[name] for name in ("OUT_OF_GAS", "STACK_EXHAUSTED", "LOG_EXHAUSTED", "OUTBOX_EXHAUSTED")}
OPTIONS: dict[str, Any] = {"memory_limit": 2 * 65536, "chain": 7}


@pytest.fixture(autouse=True)
def faked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corten.vm.host, "service", fake_service)


def check(seed: int, engines: tuple[str, ...]) -> Counter[str]:
    """Everything that the machine says of one generated contract, on each engine; how its messages ended."""
    content = write_module(generate_contract(seed))
    machines = {name: machine(name, **OPTIONS) for name in engines}
    for each in machines.values():
        each.time, each.height = 1_700_000_000_000_000_000 + seed, seed
    ended: Counter[str] = Counter()
    outcomes = {name: deploy(each, content, seed * seed) for name, each in machines.items()}
    said = {name: outcome if isinstance(outcome, str) else "" for name, outcome in outcomes.items()}
    same(seed, "deployment", said)
    ended[said["wasmtime"].partition(":")[0] or "deployed"] += 1
    contracts = {name: found for name, found in outcomes.items() if isinstance(found, Contract)}
    rng = np.random.default_rng(seed)
    for number in range(3 if contracts else 0):
        same(seed, f"root before batch {number}", {name: machines[name].state_root for name in contracts})
        ended += run_batch(seed, number, rng, contracts)
    if contracts:
        same(seed, "last root", {name: machines[name].state_root for name in contracts})
    return ended


def deploy(on: Machine, content: bytes, supply: int) -> Contract | str:
    """The contract, or why its init failed."""
    try:
        return on.deploy(content, sender=3, supply=supply)
    except (Rejected, Trapped) as failure:
        return f"{type(failure).__name__}: {failure}"


def run_batch(seed: int, number: int, rng: Any, contracts: dict[str, Contract]) -> Counter[str]:
    """Messages of all entries, then each view; all receipts and records are equal."""
    one = next(iter(contracts.values()))
    messages = [entry.name for entry in one.interface.entries if entry.kind == "message"]
    views = [entry.name for entry in one.interface.entries if entry.kind == "view"]
    limit = GAS_LIMITS[int(rng.integers(len(GAS_LIMITS)))]
    parts = (
        [
            (str(name), random_rows(rng, one.dtype(str(name)), int(rng.integers(1, 3))), int(rng.integers(4)))
            for name in rng.choice(messages, PARTS)
        ]
        if messages
        else []
    )
    found: dict[str, list[Receipts]] = {name: [] for name in contracts}
    view_rows = {name: random_rows(rng, one.dtype(name), 3) for name in views}
    for engine, contract in contracts.items():
        if parts:
            batch = contract.batch()
            for name, rows, sender in parts:
                batch.add(name, rows, sender=sender)
            found[engine].append(contract.submit(batch, gas_limit=limit))
        for name, rows in view_rows.items():
            found[engine].append(contract.submit(name, rows, sender=1, gas_limit=limit))
    same(seed, f"batch {number}", {name: [said_by(receipts) for receipts in each] for name, each in found.items()})
    return Counter(f"{status}" for receipts in found[next(iter(found))] for status in statuses(receipts))


def statuses(receipts: Receipts) -> list[str]:
    words = ("accepted", "rejected", "trapped", "invalid")
    return [
        words[status] if status != 2 else f"trapped {code}"
        for status, code in zip(receipts.status.tolist(), receipts.code.tolist(), strict=True)
    ]


def said_by(receipts: Receipts) -> tuple[Any, ...]:
    """Receipts, events and results as plain data."""
    events = {name: rows.tobytes() for name, rows in receipts.events.items()}
    results = {name: rows.tobytes() for name, rows in receipts.results.items()}
    return receipts.columns.tolist(), events, results


def check_twin(seed: int) -> Counter[str]:
    """Message by message: the machine, and the module before instrumentation driven in plain words."""
    module = generate_contract(seed)
    on = machine("wasmtime", **OPTIONS)
    on.time, on.height = 123_456_789, seed
    twin = Twin(module, Header(on.time, on.height, OPTIONS["chain"], OPTIONS["memory_limit"]))
    deployed = deploy(on, write_module(module), seed)
    start = next(number for number, entry in enumerate(twin.abi.entries) if entry.kind == "init")
    verdict = twin.apply(start, 3, struct.pack("<Q", seed))
    if isinstance(deployed, str):
        assert verdict.status != 0, f"seed {seed}: {deployed}"
        return Counter({"not deployed": 1})
    same(seed, "init", {"machine": 0, "twin": verdict.status})
    resident: Any = deployed.residency.live()
    rng, ended = np.random.default_rng(seed), Counter[str]()
    entries = [entry for entry in deployed.interface.entries if entry.kind != "init"]
    for number in range(TWIN_MESSAGES):
        entry = entries[int(rng.integers(len(entries)))]
        rows, sender = random_rows(rng, entry.parameters.dtype, 1), int(rng.integers(5))
        limit = GAS_LIMITS[int(rng.integers(len(GAS_LIMITS)))]
        receipts = deployed.submit(entry.name, rows, sender=sender, gas_limit=limit)
        (status, code, site, *_), end = receipts.columns.tolist()[0], resident._system[32:36]
        records = bytes(resident._system[resident._outbox : int.from_bytes(end, "little")])
        gave_up = status == Status.TRAPPED and code in GIVING_UP
        verdict = twin.apply(entry.number, sender, rows.tobytes(), gives_up=gave_up)
        where = f"message {number}, {entry.name}{rows.tolist()}"
        early = verdict.status == status == Status.TRAPPED and code == TrapCode.MEMORY_OUT_OF_BOUNDS
        if not gave_up and not early:
            found = {"machine": (status, code, site, records.hex())}
            found["twin"] = (verdict.status, verdict.code, verdict.site, verdict.records.hex())
            same(seed, where, found)
        same(
            seed,
            f"memory after {where}",
            {"machine": bytes(resident._instance.memory), "twin": bytes(twin.memory.content)},
        )
        same(seed, f"globals after {where}", {"machine": resident._instance.globals(), "twin": twin.globals()})
        ended["gave up" if gave_up else str(Status(status).name.lower())] += 1
    return ended


def same(seed: int, what: str, said: dict[str, Any]) -> None:
    first, *others = said
    for other in others:
        assert said[other] == said[first], f"seed {seed}: {what}: {other} {said[other]}, {first} {said[first]}"


def engines_of(seed: int, *, every: bool) -> tuple[str, ...]:
    """Those of `CORTEN_CONTRACTS` are all; else the three, Wasmtime once more with a setting in turn."""
    settings = ALL if every else (ALL[seed % len(ALL)],)
    return tuple(
        name for name in ("wasmtime", "v8", "interpreter", *settings) if name == "wasmtime" or not missing(name)
    )


@pytest.mark.parametrize("first", range(0, COUNT or 30, BATCH))
@pytest.mark.slow
def test_generated_contracts(first: int) -> None:
    ended: Counter[str] = Counter()
    for seed in range(first, first + BATCH):
        ended += check(seed, engines_of(seed, every=bool(COUNT)))
    assert ended["accepted"] > BATCH, ended
    assert ended["rejected"], ended


def test_a_few_generated_contracts() -> None:
    for seed in range(50_000, 50_003):
        check(seed, engines_of(seed, every=False))


@pytest.mark.parametrize("first", range(0, COUNT or 40, BATCH))
@pytest.mark.slow
def test_generated_contracts_by_the_plain_reading(first: int) -> None:
    ended: Counter[str] = Counter()
    for seed in range(first, first + BATCH):
        ended += check_twin(seed)
    assert ended["accepted"] > BATCH
    assert ended["rejected"]
    assert ended["trapped"]


def test_a_few_by_the_plain_reading() -> None:
    for seed in range(60_000, 60_003):
        check_twin(seed)


def main() -> None:
    parser = argparse.ArgumentParser(description="differential test of generated contracts")
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="all settings of the engine")
    parser.add_argument("--twin", action="store_true", help="against the plain reading of docs/spec/module.md")
    parser.add_argument("--liftoff", action="store_true", help="V8's other compiler")
    arguments = parser.parse_args()
    if arguments.liftoff:
        use_liftoff()
    corten.vm.host.service = fake_service  # type: ignore[assignment]
    total: Counter[str] = Counter()
    begin = time.monotonic()
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        total += check_twin(seed) if arguments.twin else check(seed, engines_of(seed, every=arguments.all))
    print(f"{arguments.count} contracts in {time.monotonic() - begin:.0f} s:", dict(total.most_common()))


if __name__ == "__main__":
    main()
