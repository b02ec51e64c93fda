"""V8 against Wasmtime, from the same instrumented bytes: replaying a flow, one message, and the first start.

`ratio` is V8's time over Wasmtime's: 2 is half the speed. V8 compiles everything before the first message (TurboFan, no
tiers), so that nothing warms up in between; the first segment is left out for the caches of both.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from typing import Final

from corten.bench.measure import has_v8, paired
from corten.bench.order_book import FLOW, ROUNDS, SEGMENT, rules
from corten.bench.registry import Result
from corten.compiler import compile_contract
from corten.demo.execution import ORDER_BOOK, Execution
from corten.demo.flow import generate_flow
from corten.vm import Machine, Passes
from corten.vm.engine import Engine
from corten.vm.layout import Layout
from corten.vm.program import instrument_native
from corten.vm.v8_engine import V8Engine

_ENGINES: Final = ("wasmtime", "v8")
_INTERVAL: Final = 5_000
_CONDITIONS: Final = "order book, all passes, receipts and events on"


def replay() -> list[Result]:
    """A flow with all kinds of messages, a state root after every interval, as `corten replay` does it."""
    if not has_v8():
        return []
    messages = generate_flow(1, (ROUNDS + 1) * SEGMENT, replace(FLOW, changes=0.02, special=0.05, limit_only=False))
    runs = {name: Execution(ORDER_BOOK, rules(), Machine(name)).run(messages, _INTERVAL) for name in _ENGINES}
    times: dict[str, list[float]] = {name: [] for name in _ENGINES}
    for number in range(len(messages) // _INTERVAL):
        roots = set()
        for name in _ENGINES if number % 2 else reversed(_ENGINES):
            begin = time.perf_counter_ns()
            roots.add(next(runs[name]).root)
            times[name].append((time.perf_counter_ns() - begin) / 1e9)
        assert len(roots) == 1
    skipped = SEGMENT // _INTERVAL
    ours, peer = times["v8"][skipped:], times["wasmtime"][skipped:]
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, peer, strict=True))
    nanoseconds = statistics.median(ours) / _INTERVAL * 1e9
    conditions = f"{_CONDITIONS}; batches made, a root and a snapshot each {_INTERVAL} messages"
    return [Result("replay", nanoseconds, "ns/message", "wasmtime", ratio, conditions)]


def submit() -> list[Result]:
    """The same flow, only `submit`, the frames prepared."""
    if not has_v8():
        return []
    messages = generate_flow(1, (ROUNDS + 1) * SEGMENT, FLOW)
    executions = [Execution(ORDER_BOOK, rules(), Machine(name)) for name in _ENGINES]
    segments = [messages[begin : begin + SEGMENT] for begin in range(0, len(messages), SEGMENT)]
    peer, ours = ([execution.batch(segment) for segment in segments] for execution in executions)
    first, second = (execution.contract for execution in executions)
    waiting = {id(contract): iter(batches) for contract, batches in ((first, peer), (second, ours))}
    taken = paired(
        lambda: second.submit(next(waiting[id(second)])),
        lambda: first.submit(next(waiting[id(first)])),
        rounds=ROUNDS,
    )
    nanoseconds = taken.ours / SEGMENT * 1e9
    return [Result("submit", nanoseconds, "ns/message", "wasmtime", taken.ratio, f"{_CONDITIONS}; frames prepared")]


def message() -> list[Result]:
    """A view, alone: what a crossing costs."""
    if not has_v8():
        return []
    first, second = (Execution(ORDER_BOOK, rules(), Machine(name)).contract for name in _ENGINES)
    taken = paired(lambda: second.depth(side=0, skip=0), lambda: first.depth(side=0, skip=0), calls=200)
    return [Result("message", taken.ours * 1e6, "us", "wasmtime", taken.ratio, "one view of an empty order book")]


def start() -> list[Result]:
    """From instrumented bytes to an instance, nothing cached on disk."""
    if not has_v8():
        return []
    layout = Layout(256 << 20)
    engines = V8Engine(), Engine()
    contents = compile_contract(ORDER_BOOK)
    # a section of its own makes each module a new one: V8 keeps the code of modules that it has seen
    variants = iter(
        instrument_native(contents, layout, Passes()).module + b"\0\x03\x01x" + bytes([number]) for number in range(40)
    )

    def loaded(engine: V8Engine | Engine) -> object:
        return engine.load(next(variants)).instantiate()

    taken = paired(lambda: loaded(engines[0]), lambda: loaded(engines[1]), rounds=7)
    return [Result("start", taken.ours * 1e3, "ms", "wasmtime", taken.ratio, "order book, compiled and instantiated")]


BENCHMARKS: Final = {"replay": replay, "submit": submit, "message": message, "start": start}
