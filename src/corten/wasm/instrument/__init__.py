"""Instrumentation: the passes that make any module of the profile deterministic, metered and atomic.

Start with `pipeline.instrument`; each pass states its rule at the top of its file: `gas`, `stack`, `undo`, `nan`,
`intrinsics`. `driver`, `outbox` and `runtime` are injected code. docs/spec/instrumentation.md is the whole picture.
"""

from corten.wasm.instrument.context import Options
from corten.wasm.instrument.layout import CONTROL, LOG_ENTRY_BYTES, RECEIPT_BYTES, TOUCHED, host_begin
from corten.wasm.instrument.pipeline import instrument
from corten.wasm.instrument.schedule import GAS_SCHEDULES, GasSchedule
from corten.wasm.instrument.stack import DEFAULT_LIMIT as DEFAULT_STACK_LIMIT

__all__ = [
    "CONTROL",
    "DEFAULT_STACK_LIMIT",
    "GAS_SCHEDULES",
    "LOG_ENTRY_BYTES",
    "RECEIPT_BYTES",
    "TOUCHED",
    "GasSchedule",
    "Options",
    "host_begin",
    "instrument",
]
