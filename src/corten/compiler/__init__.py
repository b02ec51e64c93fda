"""Contract source in typed Python → native WebAssembly module with ABI and line table.

    modules                            files, imports, declarations
    constants, types, typetable        constant expressions, types, what annotations name
    program                            signatures, generics, the list of functions to check
    scope … statements                 one function: operators, calls, expressions, assignments, control, statements
    builtins, references               functions the compiler knows itself; what a reference may refer to
    check, diagnostics, limits         the whole contract: source → IR; what its author is told
    kernels, columns, flat             the same for a kernel; its loops over columns, without branches (kernel_loops)
    ir, walk, text, verify, passes     the typed IR and what is done to it
    llvm                               IR → LLVM IR: lower (functions), operations, entries, llvmtypes, emitter
    codegen, multivalue, link, abi     LLVM IR → object → module
    native                             the same for this processor: the peer of benchmarks

Start reading at `pipeline.compile_contract`.
"""

from corten.compiler.kernels import KernelSource
from corten.compiler.pipeline import compile_contract, compile_kernel

__all__ = ["KernelSource", "compile_contract", "compile_kernel"]
