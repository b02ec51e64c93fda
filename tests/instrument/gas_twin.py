"""The plain reading of docs/spec/gas.md: run the plain module and add up the cost of every instruction executed.

Instrumentation charges metered blocks instead; for a call that returns, both must come to the same number.
"""

from __future__ import annotations

from corten.wasm.instrument import GasSchedule
from corten.wasm.instrument.context import BULK
from corten.wasm.module import Module
from spec.wasm.instance import AnyFunction, WasmFunction, instantiate
from spec.wasm.machine import Machine


class MeteredMachine(Machine):
    """An interpreter that counts gas."""

    def __init__(self, schedule: GasSchedule, most_steps: int) -> None:
        super().__init__(most_steps)
        self.schedule = schedule
        self.gas = 0

    def call(self, function: AnyFunction, arguments: list[int]) -> None:
        if isinstance(function, WasmFunction):
            self.gas += -(-len(function.code.locals) // self.schedule.locals_per_unit)
        super().call(function, arguments)

    def step(self) -> None:
        frame = self.frames[-1]
        code = frame.function.code.body[frame.position][0]
        self.gas += self.schedule.costs[code]
        if code in BULK:
            self.gas += self.schedule.bulk_byte * frame.operands[-1]
        super().step()


def gas_of(module: Module, name: str, arguments: list[int], schedule: GasSchedule, most_steps: int = 500_000) -> int:
    """Gas of a call that returns."""
    machine = MeteredMachine(schedule, most_steps)
    machine.invoke(instantiate(module).function(name), *arguments)
    return machine.gas
