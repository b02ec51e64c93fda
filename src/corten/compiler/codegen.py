"""Runs LLVM: text → optimized module → object file. The only place that imports llvmlite."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import llvmlite.binding as llvm

from corten.base.errors import CompilerBug
from corten.compiler.multivalue import separate_results

TRIPLE = "wasm32-unknown-unknown"
#: features of the deterministic profile that LLVM may use
FEATURES = (
    "+simd128,+bulk-memory,+bulk-memory-opt,+sign-ext,+nontrapping-fptoint,+multivalue,+mutable-globals,"
    "-reference-types"
)


#: names under which LLVM asks for 128-bit arithmetic
LIBRARY_CALLS = (
    b"__multi3", b"__divti3", b"__udivti3", b"__modti3", b"__umodti3", b"__ashlti3", b"__lshrti3", b"__ashrti3",
)  # fmt: skip


@cache
def _initialize() -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    # the other schedulers read beyond the end of a table for calls with three results (LLVM 22.1, an assertion)
    llvm.set_option("corten", "-pre-RA-sched=source")


@cache
def _target_machine(multivalue: bool) -> llvm.TargetMachine:
    """LLVM for WebAssembly; with `multivalue` pairs are returned in registers instead of through logged memory."""
    _initialize()
    target = llvm.Target.from_triple(TRIPLE)
    abi = "experimental-mv" if multivalue else ""
    return target.create_target_machine(cpu="generic", features=FEATURES, opt=3, reloc="static", abiname=abi)


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
    module.data_layout = str(machine.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = True
    options.slp_vectorization = True
    options.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, options)
    manager = builder.getModulePassManager()
    manager.run(module, builder)


def to_object(text: str) -> tuple[str, bytes]:
    """The optimized IR as text, and the WebAssembly object file."""
    module = parse(text)
    optimize(module, _target_machine(True))
    optimized = separate_results(str(module))
    object_file = _emitted(optimized, True)
    if any(name in object_file for name in LIBRARY_CALLS):
        object_file = _emitted(optimized, False)
    return optimized, object_file


def _emitted(optimized: str, multivalue: bool) -> bytes:
    """Machine code, the runtime included."""
    module = parse(optimized)
    for name in ("runtime.ll",) if multivalue else ("runtime.ll", "libcalls.ll"):
        source = (Path(__file__).parent / name).read_text(encoding="utf-8")
        module.link_in(parse(f'target triple = "{TRIPLE}"\n{source}'))
    module.verify()
    emitted: bytes = _target_machine(multivalue).emit_object(module)
    return emitted


def version() -> str:
    """What the output depends on besides the source: LLVM's version."""
    return ".".join(map(str, llvm.llvm_version_info))
