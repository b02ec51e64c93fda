"""Runs LLVM: text → optimized module → object file. The only place that imports llvmlite."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import llvmlite.binding as llvm

from corten.base.errors import CompilerBug

TRIPLE = "wasm32-unknown-unknown"
#: features of the deterministic profile that LLVM may use
FEATURES = (
    "+simd128,+bulk-memory,+bulk-memory-opt,+sign-ext,+nontrapping-fptoint,+multivalue,+mutable-globals,"
    "-reference-types"
)


@cache
def _target_machine() -> llvm.TargetMachine:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(TRIPLE)
    # the multi-value ABI returns (status, value) pairs in registers instead of through logged memory
    return target.create_target_machine(
        cpu="generic", features=FEATURES, opt=3, reloc="static", abiname="experimental-mv"
    )


def parse(text: str) -> llvm.ModuleRef:
    """Parse and verify LLVM IR. Raises CompilerBug: the text is ours."""
    try:
        module = llvm.parse_assembly(text)
        module.verify()
    except RuntimeError as error:
        raise CompilerBug(f"LLVM refuses what we emitted: {error}") from error
    return module


def optimize(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> None:
    """The -O3 pipeline with loop and SLP vectorization; no fast-math is ever emitted."""
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = True
    options.slp_vectorization = True
    options.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, options)
    manager = builder.getModulePassManager()
    manager.run(module, builder)


def to_object(text: str) -> tuple[str, bytes]:
    """The optimized IR as text, and the WebAssembly object file."""
    machine = _target_machine()
    module = parse(text)
    optimize(module, machine)
    runtime = parse(
        f'target triple = "{TRIPLE}"\n' + (Path(__file__).parent / "runtime.ll").read_text(encoding="utf-8")
    )
    module.link_in(runtime)
    module.verify()
    return str(module), machine.emit_object(module)


def version() -> str:
    """What the output depends on besides the source: LLVM's version."""
    return ".".join(map(str, llvm.llvm_version_info))
