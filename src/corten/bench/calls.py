"""What a call of another contract costs beyond the callee's own work."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

import numpy as np

from corten.bench.measure import fastest_seconds, has_v8, median_seconds, paired
from corten.bench.registry import Result
from corten.vm import Contract, Machine

_HERE: Final = Path(__file__).parent
_CALLS: Final = 100
_ROUNDS: Final = 301
_BATCH: Final = 10_000
_DEPLOYMENTS: Final = 200
_DEPLOYMENT_ROUNDS: Final = 9
_V8_CALLS: Final = 2000
_V8_ROUNDS: Final = 31


def one_message() -> list[Result]:
    """A call, of many in one message; the message without calls and the callee's work are taken off."""
    callee, caller = _deployed()
    results = []
    for name in ("read", "add", "add_loudly"):
        taken = paired(
            lambda name=name: caller.call(name, {"count": _CALLS}),  # type: ignore[misc]
            lambda: caller.call("nothing", {"count": _CALLS}),
            rounds=_ROUNDS,
        )
        own = _work(callee, name)
        conditions = f"{_CALLS} calls a message, median of {_ROUNDS}; callee's own work {own * 1e6:.3f} us taken off"
        beyond = (taken.ours - taken.peer) / _CALLS - own
        results.append(Result(f"call.{name}", beyond * 1e6, "us", conditions=conditions))
    return results


def batch() -> list[Result]:
    """Messages in a batch, each of which calls once: the call, and the end that the host must be told of."""
    callee, caller = _deployed()
    rows = np.ones(_BATCH, caller.dtype("read"))
    results = []
    for name in ("read", "add", "add_loudly"):
        taken = paired(lambda name=name: caller.submit(name, rows), lambda: caller.submit("nothing", rows))  # type: ignore[misc]
        beyond = (taken.ours - taken.peer) / _BATCH - _work(callee, name)
        conditions = f"{_BATCH} messages with one call each, beyond message and callee"
        results.append(Result(f"batch.{name}", beyond * 1e6, "us", conditions=conditions))
    return results


def deployment() -> list[Result]:
    """A contract that a message deploys: kept, dropped with its message, and its first root."""
    results = []
    for megabytes in (1, 256):
        machine = Machine(memory_limit=megabytes << 20, gas_limit=10**12)
        maker, code = machine.deploy(_HERE / "_maker.py"), machine.publish(_HERE / "_callee.py")
        price = maker.keep(code=code).gas
        rows = np.zeros(_DEPLOYMENTS, maker.dtype("keep"))
        rows["code"] = np.frombuffer(code, rows["code"].dtype)[0]
        start = machine.snapshot()
        for name in ("keep", "drop"):
            taken = []
            for _ in range(_DEPLOYMENT_ROUNDS):
                begin = perf_counter()
                maker.submit(name, rows)
                taken.append((perf_counter() - begin) / _DEPLOYMENTS)
                if name == "keep":
                    begin = perf_counter()
                    for contract in list(machine)[2:]:
                        _ = contract.state_root
                    roots = (perf_counter() - begin) / _DEPLOYMENTS
                machine.restore(start)
            conditions = f"{_DEPLOYMENTS} messages, memory {megabytes} MiB, median of {_DEPLOYMENT_ROUNDS}; {price} gas"
            results.append(Result(f"deploy.{name}.{megabytes}MiB", median(taken) * 1e6, "us", conditions=conditions))
        results.append(Result(f"deploy.root.{megabytes}MiB", roots * 1e6, "us", conditions="first root, last round"))
    return results


def v8() -> list[Result]:
    """Calls in V8, where contracts reach each other without Python: many in one message; peer: Wasmtime."""
    if not has_v8():
        return []
    deployed = [_deployed(engine) for engine in ("v8", "wasmtime")]
    results = []
    for name in ("read", "add", "add_loudly"):
        ours, peer = (_call_seconds(callee, caller, name) for callee, caller in deployed)
        conditions = f"{_V8_CALLS} calls a message, fastest of {_V8_ROUNDS}, beyond the callee's own work"
        results.append(Result(f"v8.{name}", ours * 1e6, "us", "wasmtime", ours / peer, conditions))
    return results


def _call_seconds(callee: Contract, caller: Contract, name: str) -> float:
    """A call beyond the callee's work. Minima: next to a crossing in V8 a call is too short for anything else."""
    rows = np.zeros(_V8_CALLS, callee.dtype(name))

    def taken(entry: str) -> float:
        return fastest_seconds(lambda: caller.call(entry, {"count": _V8_CALLS}), rounds=_V8_ROUNDS)

    own = fastest_seconds(lambda: callee.submit(name, rows), rounds=_V8_ROUNDS)
    return (taken(name) - taken("nothing") - own) / _V8_CALLS


def _work(callee: Contract, name: str) -> float:
    """Seconds that an entry takes as a message of a batch."""
    rows = np.zeros(_BATCH, callee.dtype(name))
    return median_seconds(lambda: callee.submit(name, rows)) / _BATCH


def _deployed(engine: str = "wasmtime") -> tuple[Contract, Contract]:
    machine = Machine(engine, memory_limit=1 << 20, gas_limit=10**12)
    callee = machine.deploy(_HERE / "_callee.py")
    return callee, machine.deploy(_HERE / "_caller.py", counter=callee)


BENCHMARKS: Final = {"one_message": one_message, "batch": batch, "deployment": deployment, "v8": v8}
