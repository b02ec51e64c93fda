"""Checks a contract file and everything it uses: source → verified typed IR."""

from __future__ import annotations

import ast
from pathlib import Path

from corten.compiler import ir
from corten.compiler.diagnostics import Diagnostics
from corten.compiler.modules import ContractDeclaration, FunctionDeclaration, Modules, StructDeclaration
from corten.compiler.passes import PASSES
from corten.compiler.program import Instance, ProgramBuilder
from corten.compiler.statements import FunctionChecker
from corten.compiler.types import NONE, RefType, leaf_count
from corten.compiler.verify import verify

_KINDS = ("message", "view", "init")
MAX_PARAMETER_SCALARS = 512


def check_contract(path: Path) -> ir.Program:
    """The program of the contract in `path`. Raises DiagnosticError, OSError."""
    diagnostics = Diagnostics()
    modules = Modules(diagnostics)
    root = modules.load(path)
    contracts = [d for d in root.names.values() if isinstance(d, ContractDeclaration)]
    if len(contracts) != 1 and not diagnostics.found:
        found = "none" if not contracts else ", ".join(c.name for c in contracts)
        diagnostics.add(
            "E500",
            f"expected one contract in the file, found {found}",
            root.file,
            root.tree,
            "decorate one class with @contract",
        )
    diagnostics.raise_if_any()
    builder = ProgramBuilder(diagnostics, modules)
    _collect_errors(builder)
    builder.lay_out_state(contracts[0])
    _collect_events(builder)
    diagnostics.raise_if_any()
    entries = _entries(builder, contracts[0])
    _check_declared(builder, root.path)
    while builder.pending:
        FunctionChecker(builder, builder.pending.pop(0)).check()
    diagnostics.raise_if_any()
    program = ir.Program(
        name=contracts[0].name,
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
    _check_views(program, diagnostics)
    return program


def _collect_errors(builder: ProgramBuilder) -> None:
    """Number the reject names in source order, imported files first."""
    for module in builder.modules.order:
        calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
        for node in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
            match node:
                case ast.Call(func=ast.Name(id="require"), args=[_, ast.Constant(value=str() as name)]) if (
                    name.isidentifier()
                ):
                    builder.error_code(name)


def _collect_events(builder: ProgramBuilder) -> None:
    """Number the events in source order, imported files first."""
    for module in builder.modules.order:
        for declaration in list(module.names.values()):
            if isinstance(declaration, StructDeclaration) and declaration.is_event and declaration.module is module:
                builder.struct_type(declaration, ())


def _entries(builder: ProgramBuilder, contract: ContractDeclaration) -> list[ir.Entry]:
    entries = []
    for method in contract.methods.values():
        kinds = [name for name in method.decorators if name in _KINDS]
        unknown = [name for name in method.decorators if name not in (*_KINDS, "inline", "no_inline")]
        if len(kinds) > 1 or unknown:
            hint = "use one of @message, @view, @init; @inline and @no_inline are for helpers"
            builder.error(
                "E501",
                f"decorators of `{method.name}` do not fit: {', '.join(method.decorators)}",
                method.module,
                method.node,
                hint,
            )
        elif kinds:
            entries.append(_entry(builder, method, kinds[0]))
    if not any(entry.kind != "init" for entry in entries):
        builder.error(
            "E501",
            f"contract `{contract.name}` has no message or view",
            contract.module,
            contract.node,
            "decorate a method with @message",
        )
    if sum(entry.kind == "init" for entry in entries) > 1:
        builder.error("E503", "a contract has at most one @init", contract.module, contract.node)
    return entries


def _entry(builder: ProgramBuilder, method: FunctionDeclaration, kind: str) -> ir.Entry:
    instance = builder.instance(method, None, {})
    signature = instance.signature
    if method.name.startswith("_"):
        builder.error(
            "E501", f"entry `{method.name}` starts with an underscore", method.module, method.node, "rename it"
        )
    if isinstance(signature.result, RefType):
        builder.error(
            "E501",
            f"entry `{method.name}` returns a place",
            method.module,
            method.node,
            f"return a copy: -> {signature.result.target}",
        )
    if kind == "init" and signature.result is not NONE:
        builder.error("E503", "init returns a value", method.module, method.node, "write -> None")
    if any(default is not None for default in signature.defaults):
        builder.error(
            "E501",
            f"entry `{method.name}` has default arguments",
            method.module,
            method.node,
            "callers of entries give every argument",
        )
    if sum(leaf_count(t) for t in signature.types) > MAX_PARAMETER_SCALARS:
        builder.error(
            "E600", f"entry `{method.name}` takes more than {MAX_PARAMETER_SCALARS} scalars", method.module, method.node
        )
    return ir.Entry(
        method.name,
        kind,
        instance.function,
        list(zip(signature.names, signature.types, strict=True)),
        method.node.lineno,
    )


def _check_declared(builder: ProgramBuilder, path: Path) -> None:
    """Check helpers that nothing calls too, where they are not generic: an author wants every error at once."""
    module = builder.modules.loaded[path]
    for declaration in list(module.names.values()):
        if declaration.module is not module:
            continue
        if isinstance(declaration, FunctionDeclaration) and not _is_generic(declaration, builder):
            builder.instance(declaration, None, {})
        elif isinstance(declaration, ContractDeclaration):
            for method in declaration.methods.values():
                builder.instance(method, None, {})
        elif isinstance(declaration, StructDeclaration) and not declaration.variables:
            struct = builder.struct_type(declaration, ())
            for name in declaration.methods:
                builder.method(struct, name)


def _is_generic(declaration: FunctionDeclaration, builder: ProgramBuilder) -> bool:
    from corten.compiler.modules import VariableDeclaration

    names = {n for n, d in declaration.module.names.items() if isinstance(d, VariableDeclaration)}
    return any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(declaration.node))


def _check_views(program: ir.Program, diagnostics: Diagnostics) -> None:
    for entry in program.entries:
        if entry.kind == "view" and entry.function.mutates:
            place = ast.Pass()
            place.lineno, place.col_offset = entry.line, 0
            diagnostics.add(
                "E403",
                f"view `{entry.name}` changes state",
                entry.function.file,
                place,
                "make it a @message, or only read",
            )
    diagnostics.raise_if_any()


__all__ = ["Instance", "check_contract"]
