"""The pipeline: contract source → checked IR → LLVM IR → object → module. Each stage prints (`corten build --dump`)."""

from __future__ import annotations

import ast
from pathlib import Path

from corten.base.errors import CompilerBug, DiagnosticError
from corten.compiler.abi import abi_section, lines_section
from corten.compiler.check import check_contract
from corten.compiler.llvm import STATE_ADDRESS, emit_llvm
from corten.compiler.text import print_program


def compile_contract(path: Path | str, dump: Path | None = None) -> bytes:
    """Compile the contract in `path` to a native module (docs/spec/module.md, section 1), not yet instrumented.

    Same source and same versions give the same bytes. With `dump` every stage is written there, numbered.
    Raises DiagnosticError when the source is wrong, CompilerBug when the compiler is, OSError when it cannot be read.
    """
    from corten.compiler import codegen
    from corten.compiler.link import link
    from corten.wasm.text import format_module
    from corten.wasm.validate import validate
    from corten.wasm.writer import write_module

    path = Path(path)
    program = check_contract(path)
    text, sites = emit_llvm(program, codegen.TRIPLE)
    optimized, object_file = codegen.to_object(text)
    heap_start = -(-(STATE_ADDRESS + program.state.size) // 16) * 16
    customs = [abi_section(program), lines_section(sites)]
    module = link(object_file, heap_start, [entry.name for entry in program.entries], customs)
    validate(module)
    binary = write_module(module)
    if dump is not None:
        dump.mkdir(parents=True, exist_ok=True)
        stages: list[tuple[str, str | bytes]] = [
            ("1-syntax.txt", ast.dump(ast.parse(path.read_text(encoding="utf-8")), indent=1)),
            ("2-checked.ir", print_program(program)),
            ("3-llvm.ll", text),
            ("4-optimized.ll", optimized),
            ("5-object.o", object_file),
            ("6-module.wat", format_module(module)),
            ("7-module.wasm", binary),
        ]
        for name, content in stages:
            (dump / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return binary


__all__ = ["CompilerBug", "DiagnosticError", "compile_contract"]
