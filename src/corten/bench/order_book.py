"""The order book through `submit`: against the same IR compiled natively, against PyPI's books, pass by pass, by size.

The flow is 60 % orders and 40 % cancels of orders that (nearly always) live, with a fill for every sixth message. Each
round takes the next segment of one flow, so that every contestant does the same work in the same round.
"""

from __future__ import annotations

import gc
import statistics
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from corten.bench._book_peers import installed_peers, peer_rows
from corten.bench.registry import Result
from corten.demo.execution import ORDER_BOOK, Execution
from corten.demo.flow import FlowShape, generate_flow
from corten.vm import Machine, Passes

if TYPE_CHECKING:
    from corten.compiler.native import NativeContract
    from corten.demo.messages import Messages

SEGMENT: Final = 50_000
ROUNDS: Final = 9
FLOW: Final = FlowShape(changes=0.0, special=0.0, limit_only=True)
NO_PASSES: Final = Passes(gas=False, stack=False, nan=False, undo=False)
CONDITIONS: Final = "60 % orders, 40 % cancels; receipts and events on"

Contestant = Callable[[int], None]
"""Does the work of one segment, by number."""


def rules(maximum_orders: int = 1 << 20) -> dict[str, int]:
    """The deployment that every figure is taken with."""
    return {
        "tick_size": FLOW.tick_size,
        "lot_size": FLOW.lot_size,
        "minimum_price": FLOW.tick_size,
        "maximum_price": 2 * FLOW.start_price,
        "minimum_size": FLOW.lot_size,
        "maximum_size": 1_000_000_000_000,
        "maximum_orders": maximum_orders,
        "match_limit": 1_000,
    }


def workload(segments: int, resting: int = FLOW.resting, seed: int = 1) -> list[Messages]:
    """Segments of one flow that tends to `resting` orders in the book."""
    messages = generate_flow(seed, segments * SEGMENT, replace(FLOW, resting=resting))
    return [messages[begin : begin + SEGMENT] for begin in range(0, len(messages), SEGMENT)]


def submit() -> list[Result]:
    """Instrumented Wasm against the same IR compiled natively by LLVM: both through `submit`, and without it there."""
    segments = workload(ROUNDS + 1)
    native = _Native(segments)
    try:
        times = _race({"wasm": _contract(segments), "native": native}, len(segments))
    finally:
        native.close()
    times["native, without submit"] = native.inside[1:]
    native_conditions = "same IR, LLVM -O3 for this processor, through the same submit; no gas, log, stack or sandbox"
    conditions = f"{CONDITIONS}; all passes; frames prepared"
    return [
        _result("submit", times, "wasm", "native", conditions),
        _result("submit.strict", times, "wasm", "native, without submit", conditions),
        _result("native", times, "native", None, native_conditions),
    ]


def peers() -> list[Result]:
    """Against the quickest order books of PyPI, those that are installed, called once a message from Python."""
    segments = workload(ROUNDS + 1)
    contestants: dict[str, Contestant] = {"ours": _contract(segments)}
    for peer in installed_peers():
        contestants[peer.name] = _peer(peer(), segments)
    times = _race(contestants, len(segments))
    names = [name for name in contestants if name != "ours"]
    if not names:
        return [_result("against", times, "ours", None, f"{CONDITIONS}; no peer: pip install 'corten[bench]'")]
    return [_result(f"against.{name}", times, "ours", name, CONDITIONS) for name in names]


def passes() -> list[Result]:
    """What each instrumentation pass costs: alone, and all of them."""
    segments = workload(ROUNDS + 1)
    variants = {"none": NO_PASSES, "all": Passes()}
    variants |= {name: replace(NO_PASSES, **{name: True}) for name in ("gas", "stack", "nan", "undo")}
    times = _race(
        {name: _contract(segments, Machine(passes=passes)) for name, passes in variants.items()}, len(segments)
    )
    return [_result(f"passes.{name}", times, name, "none", CONDITIONS) for name in variants]


def access() -> list[Result]:
    """What it costs to record the pages that each batch reads and writes."""
    segments = workload(ROUNDS + 1)
    machines = {"plain": Machine(), "recording": Machine(record_access=True)}
    times = _race({name: _contract(segments, machine) for name, machine in machines.items()}, len(segments))
    return [_result("access", times, "recording", "plain", f"{CONDITIONS}; all passes; pages of each batch collected")]


def resting() -> list[Result]:
    """By the number of resting orders: the same flow on top of orders far from the market."""
    segments = workload(ROUNDS + 1)
    sizes = {f"{size:_}": size for size in (0, 10_000, 100_000, 900_000)}
    times = _race({name: _contract(segments, resting=size) for name, size in sizes.items()}, len(segments))
    return [_result(f"resting.{name}", times, name, "0", f"{CONDITIONS}; so many more resting") for name in sizes]


def _result(name: str, times: Mapping[str, list[float]], ours: str, peer: str | None, conditions: str) -> Result:
    """The median time a message, and the median of the rounds' ratios."""
    nanoseconds = statistics.median(times[ours]) / SEGMENT * 1e9
    if peer is None:
        return Result(name, nanoseconds, "ns/message", conditions=conditions)
    ratio = statistics.median(mine / theirs for mine, theirs in zip(times[ours], times[peer], strict=True))
    return Result(name, nanoseconds, "ns/message", peer, ratio, conditions)


def _race(contestants: Mapping[str, Contestant], segments: int) -> dict[str, list[float]]:
    """Seconds of every contestant for every segment, the first left out; they alternate, and so does who begins."""
    names = list(contestants)
    times: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    gc.disable()
    try:
        for segment in range(segments):
            for name in names if segment % 2 else reversed(names):
                begin = time.perf_counter_ns()
                contestants[name](segment)
                times[name].append((time.perf_counter_ns() - begin) / 1e9)
    finally:
        gc.enable()
    return {name: taken[1:] for name, taken in times.items()}


def _contract(segments: list[Messages], machine: Machine | None = None, resting: int = 0) -> Contestant:
    execution = Execution(ORDER_BOOK, rules(), machine or Machine())
    if resting:
        execution.contract.submit("place", _far_orders(execution, resting), sender=0xFFFF_FFFF).raise_for_status()
    batches = [execution.batch(segment) for segment in segments]

    def apply(segment: int) -> None:
        execution.contract.submit(batches[segment])

    return apply


def _far_orders(execution: Execution, count: int) -> np.ndarray[Any, Any]:
    """Bids over the lowest third of the prices and asks over the highest."""
    rows = np.zeros(count, execution.contract.dtype("place"))
    side = np.arange(count) % 2
    distance = np.random.default_rng(2).integers(1, FLOW.start_price // FLOW.tick_size // 3, count)
    rows["client_id"], rows["side"], rows["size"] = np.arange(count), side, FLOW.lot_size
    rows["price"] = np.where(side == 0, distance, 2 * FLOW.start_price // FLOW.tick_size - distance) * FLOW.tick_size
    return rows


def _peer(book: Any, segments: list[Messages]) -> Contestant:
    rows = [peer_rows(segment, FLOW.tick_size, FLOW.lot_size) for segment in segments]

    def apply(segment: int) -> None:
        book.apply(rows[segment])

    return apply


class _Native:
    """The contract's IR compiled for this processor, behind the same `submit`."""

    def __init__(self, segments: list[Messages]) -> None:
        from corten.bench._native import native_contract
        from corten.compiler.native import NativeContract

        execution = Execution(ORDER_BOOK, rules())
        self._code = NativeContract(ORDER_BOOK)
        open_natively(self._code, execution)
        self._contract = native_contract(execution.contract, self._code)
        self._batches = [execution.batch(segment) for segment in segments]
        self.inside: list[float] = []

    def __call__(self, segment: int) -> None:
        self._contract.submit(self._batches[segment])
        code: Any = self._contract.residency.program.code  # type: ignore[union-attr]
        self.inside.append(code.last.seconds)

    def close(self) -> None:
        self._code.close()


def open_natively(code: NativeContract, execution: Execution) -> None:
    """Run the contract's init natively, with the rules of the benchmark."""
    frame, memory = _init_frame(execution), np.zeros(1 << 12, np.uint64)
    memory[: len(frame)] = frame
    code.run_at(memory.ctypes.data, (0, frame.nbytes, 1 << 12, 1 << 13, 1 << 14))


def _init_frame(execution: Execution) -> np.ndarray[Any, Any]:
    """The deployment as a frame: size, entry, sender, payload length, payload."""
    init = execution.contract.interface.init
    assert init is not None
    payload = np.zeros(1, init.parameters.dtype)
    for name, value in rules().items():
        payload[name] = value
    content = payload.tobytes()
    return np.frombuffer(struct.pack("<4I", 16 + len(content), init.number, 0, len(content)) + content, np.uint64)


BENCHMARKS: Final = {"submit": submit, "peers": peers, "passes": passes, "access": access, "resting": resting}
