"""Wasmtime's ways to run a module: what they compute must not differ. Each is an engine by its name.

    python -m tests.wasm.settings       which of them this machine and this wheel have

The C API knows more than wasmtime-py lets one set (Winch), and asking for a target that was not compiled into the
library ends the process, so `missing` asks in a process of its own.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TypeAlias

import wasmtime
from wasmtime import _bindings as c_api

from corten.vm.engine import NATIVE_STACK_BYTES

Change: TypeAlias = Callable[[wasmtime.Config], None]

WINCH: Final = 2  # WASMTIME_STRATEGY_WINCH of the C API's header
ROOT: Final = Path(__file__).parents[2]


def _set(config: wasmtime.Config, **values: object) -> None:
    for name, value in values.items():
        setattr(config, name, value)


def _winch(config: wasmtime.Config) -> None:
    c_api.wasmtime_config_strategy_set(config.ptr(), WINCH)


def _flags(config: wasmtime.Config, **flags: str) -> None:
    for name, value in flags.items():
        config.cranelift_flag_set(name, value)


SETTINGS: Final[dict[str, tuple[Change, ...]]] = {
    "speed": (),
    "none": (partial(_set, cranelift_opt_level="none"),),
    "speed_and_size": (partial(_set, cranelift_opt_level="speed_and_size"),),
    "canonical": (partial(_set, cranelift_nan_canonicalization=True),),  # of plain modules: the oracle of our NaN rule
    "single_pass": (partial(_flags, regalloc_algorithm="single_pass"),),
    # Bounds and divisors are tested by instructions instead of by the processor's faults.
    "checked": (partial(_set, memory_reservation=0, memory_guard_size=0, signals_based_traps=False),),
    # The oldest processor of the architecture: no AVX, no FMA, no SSE 4.
    "baseline": (partial(_set, target=f"{platform.machine()}-unknown-linux-gnu"),),
    "pulley": (partial(_set, target="pulley64"),),  # Wasmtime's own interpreter, of Cranelift's code
    "pulley_none": (partial(_set, target="pulley64", cranelift_opt_level="none"),),
    "winch": (_winch,),
}
"""Changes to a configuration that has the profile's features and Wasmtime's defaults (opt_level speed)."""

NATIVE: Final = ("speed", "none", "speed_and_size", "single_pass", "checked", "baseline")
ALL: Final = (*NATIVE, "pulley", "pulley_none", "winch")


def engine(*changes: Change) -> wasmtime.Engine:
    """An engine with the features of the profile, and the machine's native stack."""
    config = wasmtime.Config()
    config.cranelift_opt_level = "speed"
    config.wasm_multi_memory = True
    c_api.wasmtime_config_async_stack_size_set(config.ptr(), 2 * NATIVE_STACK_BYTES)  # must not be the smaller one
    c_api.wasmtime_config_max_wasm_stack_set(config.ptr(), NATIVE_STACK_BYTES)
    for change in changes:
        change(config)
    return wasmtime.Engine(config)


@cache
def named_engine(name: str) -> wasmtime.Engine:
    """One engine per setting."""
    return engine(*SETTINGS[name])


@cache
def missing(name: str) -> str:
    """Why there is no such setting, or no V8, on this machine or in this wheel; nothing if there is."""
    if name == "v8":
        return "" if find_spec("py_mini_racer") else "mini-racer is not installed (pip install 'corten[v8]')"
    if name in ("speed", "none", "speed_and_size", "canonical"):
        return ""
    done = subprocess.run([sys.executable, "-m", "tests.wasm.settings", name], capture_output=True, text=True, cwd=ROOT)
    return "" if not done.returncode else next((line for line in done.stderr.splitlines() if "Error" in line), "?")


def _probe(name: str) -> None:
    """End this process with an error if the setting is missing."""
    store = wasmtime.Store(named_engine(name))
    module = wasmtime.Module(store.engine, '(module (func (export "f") (result i32) (i32.const 1)))')
    function = wasmtime.Instance(store, module, []).exports(store)["f"]
    assert isinstance(function, wasmtime.Func)
    assert function(store) == 1


if __name__ == "__main__":
    if sys.argv[1:]:
        _probe(sys.argv[1])
    else:
        for setting in (*SETTINGS, "v8"):
            print(f"{setting:16}{missing(setting) or 'is there'}")
