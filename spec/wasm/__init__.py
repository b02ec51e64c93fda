"""A slow, plain WebAssembly interpreter: what a module of the profile means, instrumented or not.

Read `machine` first, the rules of execution; `integers`, `floats` and `vectors` define the operators, `instance` the
state of a module, `memory` its bytes. The prose is that of WebAssembly Core 2.0. Numbers of every type are their bits.

    instance = instantiate(read_module(wasm))
    Machine().invoke(instance.function("add"), 1, 2)
"""

from spec.wasm.instance import AnyFunction, HostFunction, Instance, NanChoice, WasmFunction, instantiate
from spec.wasm.machine import Machine
from spec.wasm.trap import Exhausted, Trap

__all__ = [
    "AnyFunction",
    "Exhausted",
    "HostFunction",
    "Instance",
    "Machine",
    "NanChoice",
    "Trap",
    "WasmFunction",
    "instantiate",
]
