"""Checks a kernel: a pure function of scalars and arrays, with everything that it calls (docs/spec/kernels.md)."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from corten.compiler import ir
from corten.compiler.check import inlined_size
from corten.compiler.columns import RUN, columns
from corten.compiler.diagnostics import Diagnostics
from corten.compiler.iteration import state_problem
from corten.compiler.limits import MAX_INLINED, MAX_PARAMETER_SCALARS
from corten.compiler.modules import FunctionDeclaration, Modules, SourceModule
from corten.compiler.passes import PASSES
from corten.compiler.program import Instance, ProgramBuilder
from corten.compiler.statements import FunctionChecker
from corten.compiler.types import BYTES32, NONE, ArrayType, HandleType, IntType, StructType, Type
from corten.compiler.verify import verify
from corten.compiler.walk import expressions, statements

_IMPURE = {
    **dict.fromkeys(("sender", "time", "height", "chain", "own_address"), "reads the message's header"),
    **dict.fromkeys(("memory_limit", "allocate", "address", "place", "copy_memory", "fill_memory"), "addresses memory"),
}
_HINT = "a kernel computes its result from its parameters alone"


@dataclass(frozen=True)
class KernelSource:
    """Where a kernel stands: a file's content as it was read, `file` as messages name it.

    `path` says which directory imports are looked up in; `function` is the kernel's node if it is no statement of the
    module; `preamble` are imports and constants that stand elsewhere, as in a notebook's other cells. With `by_row` the
    kernel is iterated: it maps a state to the next, and these of its other parameters have a value for each row.
    """

    path: Path
    file: str
    content: bytes
    name: str
    function: ast.FunctionDef | None = None
    preamble: str = ""
    by_row: frozenset[str] | None = None


def check_kernel(source: KernelSource) -> ir.Program:
    """The program of a kernel, whose one entry it is. Raises DiagnosticError, OSError."""
    diagnostics = Diagnostics()
    modules = Modules(diagnostics)
    file = SourceModule(source.path, source.file, ast.parse(source.preamble))
    root = modules.load_kernel(file, source.content, source.function, source.name)
    builder = ProgramBuilder(diagnostics, modules)
    instance = _instance(builder, root, source.name)
    while builder.pending:
        FunctionChecker(builder, builder.pending.pop(0)).check()
    diagnostics.raise_if_any()
    program = ir.Program(
        name=source.name,
        state=builder.state,
        entries=[_entry(instance)],
        events=[],
        errors=[],
        functions=[each.function for each in builder.instances.values()],
        files=sorted({module.file for module in modules.order}),
        is_kernel=True,
        by_row=source.by_row,
    )
    verify(program, "check")
    for name, run in PASSES:
        run(program)
        verify(program, name)
    _check_pure(builder, instance)
    if source.by_row is not None and (problem := state_problem(program.entries[0])):
        builder.error("E504", f"iterated kernel `{source.name}`: {problem}", root, instance.declaration.node, _STATE)
    diagnostics.raise_if_any()
    _inline(program)
    return program


def _instance(builder: ProgramBuilder, root: SourceModule, name: str) -> Instance:
    """The kernel itself, its signature checked; the rest is queued."""
    declaration = root.names.get(name)
    if not isinstance(declaration, FunctionDeclaration):
        if not builder.diagnostics.found:
            builder.diagnostics.add("E504", f"no function `{name}` in the file", root.file, None, "check the spelling")
        builder.diagnostics.raise_all()
    if builder.type_variables(declaration.node, root):
        builder.fatal(f"kernel `{name}` is generic", root, declaration.node, "name the types")
    instance = builder.instance(declaration, None, {})
    signature, node = instance.signature, declaration.node
    for argument, kind in zip(node.args.args, signature.types, strict=True):
        if problem := _problem(kind):
            builder.error("E504", f"parameter `{argument.arg}` of a kernel: {problem}", root, argument, _TYPES)
    if signature.result is NONE or (problem := _problem(signature.result)):
        what = "it returns nothing" if signature.result is NONE else problem
        builder.error("E504", f"result of kernel `{name}`: {what}", root, node.returns or node, _TYPES)
    if sum(len(columns(kind)) for kind in (*signature.types, signature.result)) > MAX_PARAMETER_SCALARS:
        builder.error("E600", f"more than {MAX_PARAMETER_SCALARS} columns", root, node, "use an Array")
    return instance


_STATE = "write def step(state: State, …) -> State"
_TYPES = "use f64, integers up to 64 bits, bool, enums, @struct of those, or Array of f64 or integers"


def _problem(kind: Type) -> str:
    """Why a value cannot be a column or several; empty if it can."""
    if isinstance(kind, StructType):
        inner = next((field for field in kind.fields.values() if field.type.is_aggregate), None)
        if inner is not None:
            return f"field `{inner.name}` of {kind} is {inner.type}"
        return next((found for field in kind.fields.values() if (found := _problem(field.type))), "")
    if isinstance(kind, ArrayType):
        return f"{kind} holds {kind.element}" if kind.element.is_aggregate else _problem(kind.element)
    is_wide = kind is BYTES32 or (isinstance(kind, IntType) and kind.bits > 64)
    return f"{kind} is no column" if is_wide or isinstance(kind, HandleType) else ""


def _entry(instance: Instance) -> ir.Entry:
    parameters = list(zip(instance.signature.names, instance.signature.types, strict=True))
    return ir.Entry(RUN, "view", instance.function, parameters, instance.declaration.node.lineno)


def _check_pure(builder: ProgramBuilder, kernel: Instance) -> None:
    """Refuse, at its line, whatever is more than a computation."""
    for instance in builder.instances.values():
        function, module = instance.function, instance.declaration.module
        found: list[tuple[int, str]] = []
        for statement in statements(function.body):
            if isinstance(statement, ir.Require):
                found.append(
                    (statement.line, "`require` rejects a message, and a kernel has none: return nan, or assert")
                )
            elif isinstance(statement, ir.Emit):
                found.append((statement.line, "a kernel emits no events"))
        for expression in expressions(function.body):
            match expression:
                case ir.HostCall(function=called):
                    found.append((expression.line, f"`{called.name}` is a host function"))
                case ir.ContractCall():
                    found.append((expression.line, "a kernel calls no contracts"))
                case ir.Intrinsic(name=name) if name in _IMPURE:
                    found.append((expression.line, f"a kernel that {_IMPURE[name]}"))
        for line, message in found:
            builder.error("E504", message, module, _at(line), _HINT)
    if kernel.function.mutated_parameters:
        position = min(kernel.function.mutated_parameters)
        node = kernel.declaration.node
        message = f"kernel `{node.name}` changes its parameter `{node.args.args[position].arg}`"
        builder.error("E504", message, kernel.declaration.module, node, "change a copy: x = copy(parameter)")


def _at(line: int) -> ast.AST:
    node = ast.Pass()
    node.lineno, node.col_offset = line, 0
    return node


def _inline(program: ir.Program) -> None:
    """Everything becomes part of the loop, as far as that is not too large: only so are two rows computed at once."""
    sizes: dict[ir.Function, int] = {}
    hinted = [function for function in program.functions if function.inline is None]
    for function in hinted:
        function.inline = True
    if inlined_size(program.entries[0].function, sizes, ()) > MAX_INLINED:
        for function in hinted:
            function.inline = None
