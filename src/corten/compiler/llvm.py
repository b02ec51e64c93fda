"""Typed IR → LLVM IR text.

A function that may reject returns a status next to its value; callers test it and return it on (docs/spec/module.md).
The same text is compiled for WebAssembly and, as a benchmark's peer, for the host: guest addresses are plain integers.
"""

from __future__ import annotations

from pathlib import Path

from corten.compiler import ir
from corten.compiler.columns import vectorizable
from corten.compiler.emitter import Sites
from corten.compiler.entries import RESULT_KIND, EntryEmitter
from corten.compiler.host import import_types, used_host_functions
from corten.compiler.kernel_loops import emit_kernel
from corten.compiler.llvmtypes import CANONICAL, OPAQUE, STATE_ADDRESS, STATE_HEADER, flat_types
from corten.compiler.lower import MAX_FLATTENED, FunctionEmitter
from corten.compiler.types import NONE, Type, leaf_count


def emit_llvm(program: ir.Program, triple: str) -> tuple[str, Sites]:
    """The LLVM module of a checked program, and its table of sites."""
    sites = Sites(program.files)
    parts = [f'target triple = "{triple}"', _declarations(program)]
    if program.is_kernel:
        parts += emit_kernel(program, sites)
    else:
        parts += [FunctionEmitter(function, program, sites).emit() for function in program.functions]
        parts += [EntryEmitter(entry, program).emit() for entry in program.entries]
    parts.append((Path(__file__).parent / "helpers.ll").read_text(encoding="utf-8"))
    parts.append('!0 = !{!"branch_weights", i32 1, i32 4000}\n!1 = !{!"branch_weights", i32 4000, i32 1}\n')
    return "\n".join(parts), sites


def _declarations(program: ir.Program) -> str:
    """The imports of module `corten`, as external functions whose effects stay out of guest memory."""
    outside = "nounwind memory(inaccessiblemem: readwrite)"
    lines = [
        _declare("trap", "void", ["i32"], "noreturn cold nounwind memory(inaccessiblemem: readwrite)"),
        _declare("output", "void", ["i32", "i32", "i32"], "nounwind"),
        _declare("call", "i32", ["i32"] * 6, "nounwind"),
        _declare("deploy", "i32", ["i32"] * 5, "nounwind"),
    ]
    for name, kind in (
        ("sender", "i32"),
        ("address", "i32"),
        ("memory_limit", "i32"),
        ("time", "i64"),
        ("height", "i64"),
        ("chain", "i64"),
    ):
        lines.append(_declare(name, kind, [], "nounwind willreturn memory(none)"))
    if program.is_kernel:
        return "\n".join([lines[0], *(vectorizable(_declare_identity(name)) for name in (CANONICAL, OPAQUE))])
    lines.append(_declare_identity(CANONICAL))
    records: list[tuple[str, Type]] = [(f"emit.{event.name}", event) for event in program.events]
    records += [(f"result.{e.name}", e.function.result) for e in program.entries if e.function.result is not NONE]
    lines += [
        _declare(name, "void", flat_types(kind), outside) for name, kind in records if leaf_count(kind) <= MAX_FLATTENED
    ]
    for function in used_host_functions(program):
        result, types = import_types(function)
        lines.append(_declare(function.name, result, types, "nounwind"))
    return "\n".join(lines)


def _declare_identity(name: str) -> str:
    """A function of a number that gives the same number, of which LLVM knows nothing."""
    return _declare(name, "double", ["double"], "nounwind willreturn memory(none)")


def _declare(name: str, result: str, types: list[str], attributes: str) -> str:
    imported = f'"wasm-import-module"="corten" "wasm-import-name"="{name}"'
    return f'declare {result} @"corten.{name}"({", ".join(types)}) {attributes} {imported}'


__all__ = ["MAX_FLATTENED", "RESULT_KIND", "STATE_ADDRESS", "STATE_HEADER", "Sites", "emit_llvm", "flat_types"]
