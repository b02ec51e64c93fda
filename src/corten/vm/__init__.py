"""The machine: contracts run, their receipts, their state and its root. The only importer of wasmtime and of V8.

`machine` is the API and `contract` what it hands out; `resident` drives one instance through `engine`; `state` and
`pagetree` commit to memory; `program` loads modules through `cache`; `batch` and `receipts` are columns in and out.
"""

from corten.vm.batch import Batch
from corten.vm.codec import i128_column, i128_integers
from corten.vm.contract import Contract
from corten.vm.machine import Machine, MachineSnapshot
from corten.vm.program import Passes
from corten.vm.receipts import Receipt, Receipts

__all__ = [
    "Batch",
    "Contract",
    "Machine",
    "MachineSnapshot",
    "Passes",
    "Receipt",
    "Receipts",
    "i128_column",
    "i128_integers",
]
