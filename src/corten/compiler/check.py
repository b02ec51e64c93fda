"""Checks a contract file and everything it uses: source → verified typed IR."""

from __future__ import annotations

import ast
from pathlib import Path

from corten.compiler import ir
from corten.compiler.contract_calls import check_interface
from corten.compiler.diagnostics import Diagnostics
from corten.compiler.limits import MAX_ERRORS, MAX_INLINED, MAX_PARAMETER_SCALARS
from corten.compiler.modules import (
    ContractDeclaration,
    EnumDeclaration,
    FunctionDeclaration,
    Modules,
    SourceModule,
    StructDeclaration,
    UnitDeclaration,
)
from corten.compiler.passes import PASSES
from corten.compiler.program import ProgramBuilder
from corten.compiler.statements import FunctionChecker
from corten.compiler.types import NONE, RefType, leaf_count
from corten.compiler.verify import verify
from corten.compiler.walk import expressions

_KINDS = ("message", "view", "init")


def check_contract(path: Path) -> ir.Program:
    """The program of the contract in `path`. Raises DiagnosticError, OSError."""
    diagnostics = Diagnostics()
    modules = Modules(diagnostics)
    root = modules.load(path)
    contract = _only_contract(root, diagnostics)
    if contract is None:
        diagnostics.raise_all()
    builder = ProgramBuilder(diagnostics, modules)
    _collect_errors(builder)
    builder.lay_out_state(contract)
    _collect_events(builder)
    entries = _entries(builder, contract)
    _check_declared(builder, root)
    while builder.pending:
        FunctionChecker(builder, builder.pending.pop(0)).check()
    diagnostics.raise_if_any()
    program = ir.Program(
        name=contract.name,
        state=builder.state,
        entries=entries,
        events=builder.events,
        errors=builder.errors,
        functions=[instance.function for instance in builder.instances.values()],
        files=sorted({module.file for module in modules.order}),
    )
    verify(program, "check")
    for name, run in PASSES:
        run(program)
        verify(program, name)
    _check_views(builder, program, contract)
    check_inlining(builder)
    diagnostics.raise_if_any()
    return program


def _only_contract(root: SourceModule, diagnostics: Diagnostics) -> ContractDeclaration | None:
    own = [d for d in root.names.values() if isinstance(d, ContractDeclaration) and d.module is root]
    contracts = [declaration for declaration in own if not declaration.is_interface]
    if len(contracts) == 1:
        return contracts[0]
    if contracts or not diagnostics.found:
        found = ", ".join(contract.name for contract in contracts) or "none"
        place = contracts[1].node if contracts else root.tree
        hint = "decorate one class with @contract" if not contracts else "move the others into files of their own"
        diagnostics.add("E500", f"expected one contract in the file, found {found}", root.file, place, hint)
    return None


def _collect_errors(builder: ProgramBuilder) -> None:
    """Number the reject names in source order, imported files first."""
    for module in builder.modules.order:
        calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
        for node in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
            match node:
                case ast.Call(func=ast.Name(id="require"), args=[_, ast.Constant(value=str() as name)]):
                    if name.isidentifier():
                        builder.error_code(name)
                    if len(builder.errors) > MAX_ERRORS:
                        builder.fatal(f"more than {MAX_ERRORS} error names", module, node, "use one name for several")


def _collect_events(builder: ProgramBuilder) -> None:
    """Number the events in source order, imported files first."""
    for module in builder.modules.order:
        for declaration in _own(module):
            if isinstance(declaration, StructDeclaration) and declaration.is_event:
                builder.struct_type(declaration, ())


def _own(module: SourceModule) -> list[object]:
    """What a file declares itself, in source order."""
    return [declaration for declaration in module.names.values() if declaration.module is module]


# ---- entries -----------------------------------------------------------------------------------------------------


def _entries(builder: ProgramBuilder, contract: ContractDeclaration) -> list[ir.Entry]:
    entries = []
    for method in contract.methods.values():
        kinds = [name for name in method.decorators if name in _KINDS]
        known = kinds + [name for name in method.decorators if name in ("inline", "no_inline")]
        if len(kinds) > 1 or len(known) != len(method.decorators):
            message = f"decorators of `{method.name}` do not fit: {', '.join(method.decorators)}"
            hint = "use one of @message, @view, @init; @inline and @no_inline are for helpers"
            builder.error("E501", message, method.module, method.node, hint)
        elif kinds:
            entries.append(_entry(builder, method, kinds[0]))
    if not any(entry.kind != "init" for entry in entries):
        message = f"contract `{contract.name}` has no message or view"
        builder.error("E501", message, contract.module, contract.node, "decorate a method with @message")
    for extra in [entry for entry in entries if entry.kind == "init"][1:]:
        node = contract.methods[extra.name].node
        builder.error("E503", "a contract has at most one @init", contract.module, node, "merge them")
    return entries


def _entry(builder: ProgramBuilder, method: FunctionDeclaration, kind: str) -> ir.Entry:
    instance = builder.instance(method, None, {})
    signature, module, node = instance.signature, method.module, method.node
    if method.name.startswith("_"):
        message = f"entry `{method.name}` starts with an underscore"
        builder.error("E501", message, module, node, "rename it")
    if isinstance(signature.result, RefType):
        hint = f"return a copy: -> {signature.result.target}"
        builder.error("E501", f"entry `{method.name}` returns a place", module, node, hint)
    if kind == "init" and signature.result is not NONE:
        builder.error("E503", "init returns a value", module, node, "write -> None")
    if any(default is not None for default in signature.defaults):
        message, hint = f"entry `{method.name}` has default arguments", "callers of entries give every argument"
        builder.error("E501", message, module, node, hint)
    if sum(leaf_count(t) for t in signature.types) > MAX_PARAMETER_SCALARS:
        message = f"entry `{method.name}` takes more than {MAX_PARAMETER_SCALARS} scalars"
        builder.error("E600", message, module, node, "send the data in several messages")
    parameters = list(zip(signature.names, signature.types, strict=True))
    return ir.Entry(method.name, kind, instance.function, parameters, node.lineno)


def _check_declared(builder: ProgramBuilder, module: SourceModule) -> None:
    """Check helpers that nothing calls too, where they are not generic: an author wants every error at once."""
    for declaration in _own(module):
        if isinstance(declaration, FunctionDeclaration):
            if not builder.type_variables(declaration.node, module):
                builder.instance(declaration, None, {})
        elif isinstance(declaration, ContractDeclaration) and declaration.is_interface:
            check_interface(builder, declaration)
        elif isinstance(declaration, ContractDeclaration):
            for method in declaration.methods.values():
                builder.instance(method, None, {})
        elif isinstance(declaration, (EnumDeclaration, UnitDeclaration)):
            builder.simple_type(declaration)
        elif isinstance(declaration, StructDeclaration) and not declaration.variables:
            struct = builder.struct_type(declaration, ())
            for name in declaration.methods:
                builder.method(struct, name)


# ---- checks of the whole program ---------------------------------------------------------------------------------


def _check_views(builder: ProgramBuilder, program: ir.Program, contract: ContractDeclaration) -> None:
    for entry in program.entries:
        if entry.kind == "view" and entry.function.mutates:
            node = contract.methods[entry.name].node
            hint = "make it a @message, or only read, and call views only"
            builder.error("E403", f"view `{entry.name}` changes state", contract.module, node, hint)


def check_inlining(builder: ProgramBuilder) -> None:
    """Refuse functions that @inline callees would make too large."""
    sizes: dict[ir.Function, int] = {}
    for instance in builder.instances.values():
        if inlined_size(instance.function, sizes, ()) > MAX_INLINED:
            message = f"`{instance.declaration.name}` is too large with its @inline callees"
            node, module = instance.declaration.node, instance.declaration.module
            builder.fatal(message, module, node, "remove @inline from the larger ones")


def inlined_size(function: ir.Function, sizes: dict[ir.Function, int], open_: tuple[ir.Function, ...]) -> int:
    """How many expressions a function has when its @inline callees stand in place of their calls."""
    if function in open_:
        return 0
    if function not in sizes:
        size = 0
        for expression in expressions(function.body):
            size += 1
            if isinstance(expression, ir.Call) and expression.function.inline:
                size += inlined_size(expression.function, sizes, (*open_, function))
        sizes[function] = min(size, MAX_INLINED + 1)
    return sizes[function]
