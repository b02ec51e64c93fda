"""Contract source in typed Python → native WebAssembly module with ABI and line table.

    modules    files, imports, declarations            program     types, generics, function instances
    check      the whole contract: source → IR         expressions, builtins, statements   its parts
    ir, text, verify, passes                           the typed IR and what is done to it
    llvm, operations, codegen                          IR → LLVM IR → object file
    link, abi, pipeline                                object → module

Start reading at `pipeline.compile_contract`.
"""

from corten.compiler.pipeline import compile_contract

__all__ = ["compile_contract"]
