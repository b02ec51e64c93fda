"""Corten: a deterministic WebAssembly machine for derivatives.

    machine = corten.Machine()
    token = machine.deploy("coin.py")
    token.transfer(to=2, amount=50, sender=1)

Names are loaded when they are first used: `import corten` itself is quick, and LLVM is loaded only to compile.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corten.base.errors import (
        CortenError,
        Diagnostic,
        DiagnosticError,
        HostFault,
        InvalidInput,
        InvalidModule,
        KernelFailed,
        KernelNaN,
        KernelTrapped,
        MessageFailed,
        Rejected,
        Status,
        TrapCode,
        Trapped,
    )
    from corten.vm import (
        Batch,
        Contract,
        Machine,
        MachineSnapshot,
        Passes,
        Receipt,
        Receipts,
        i128_column,
        i128_integers,
    )
    from corten.vm.kernels import Kernel, kernel

__all__ = [
    "Batch",
    "Contract",
    "CortenError",
    "Diagnostic",
    "DiagnosticError",
    "HostFault",
    "InvalidInput",
    "InvalidModule",
    "Kernel",
    "KernelFailed",
    "KernelNaN",
    "KernelTrapped",
    "Machine",
    "MachineSnapshot",
    "MessageFailed",
    "Passes",
    "Receipt",
    "Receipts",
    "Rejected",
    "Status",
    "TrapCode",
    "Trapped",
    "i128_column",
    "i128_integers",
    "kernel",
]

_FROM_MACHINE = frozenset(
    "Batch Contract Machine MachineSnapshot Passes Receipt Receipts i128_column i128_integers".split()
)
_FROM_KERNELS = frozenset(("Kernel", "kernel"))


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'corten' has no attribute {name!r}")
    home = (
        "corten.vm" if name in _FROM_MACHINE else "corten.vm.kernels" if name in _FROM_KERNELS else "corten.base.errors"
    )
    value = globals()[name] = getattr(import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
