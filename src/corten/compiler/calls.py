"""Checks calls: functions, methods, generic functions, constructors, conversions."""

from __future__ import annotations

import ast

from corten.compiler import ir
from corten.compiler.builtins import BuiltinCalls
from corten.compiler.contract_calls import ContractCalls
from corten.compiler.modules import (
    BUILTINS,
    PYTHON_BUILTINS,
    BrokenDeclaration,
    Builtin,
    Declaration,
    EnumDeclaration,
    FunctionDeclaration,
    SourceModule,
    StructDeclaration,
    UnitDeclaration,
    VariableDeclaration,
)
from corten.compiler.operators import OperatorChecker
from corten.compiler.program import Instance, ProgramBuilder
from corten.compiler.types import BYTES32, ERROR, F64, I64, SCALARS, ArrayType, AtType, HandleType, StructType, Type
from corten.compiler.typetable import Bindings

_UNKNOWN_HINTS = {
    "print": "emit an event",
    "int": "write i64(x)",
    "float": "write f64(x)",
    "str": "text is outside the language",
    "sum": "write a loop",
    "any": "write a loop",
    "all": "write a loop",
    "enumerate": "write `for i in range(len(x))`",
    "zip": "write `for i in range(len(x))`",
    "sorted": "keep a PriorityQueue, or write a loop",
    "reversed": "write `for i in range(n - 1, -1, -1)`",
    "pow": "write the product out, or a loop",
    "round": "write nearest(x)",
    "divmod": "write // and %",
    "list": "use Vec or Array",
    "dict": "use Map",
    "set": "use Map or Bitmap",
    "tuple": "use a struct",
    "isinstance": "types are known when compiling",
    "super": "there is no inheritance",
}

#: an argument: its syntax, and the module whose names it sees where that is not the caller's (a default)
_Argument = tuple[ast.expr, SourceModule | None]


class CallChecker(OperatorChecker):
    """Expressions that call something."""

    def __init__(self, program: ProgramBuilder, instance: Instance) -> None:
        super().__init__(program, instance)
        self.builtins = BuiltinCalls(self)
        self._inferred: dict[ast.expr, ir.Expression] = {}  # arguments checked to bind type variables
        self.contracts = ContractCalls(self)

    def call(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        """Any call; one of a Ref function is a place."""
        if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
            return self.error("E102", "* and ** in calls are outside the language", node, "write the arguments out")
        match node.func:
            case ast.Attribute() as func:
                return self._method_call(node, func)
            case ast.Subscript() as func:
                kind = self.type_named(func)
                return (
                    self.builtins.convert(kind, node) if isinstance(kind, HandleType) else self._construct(kind, node)
                )
            case ast.Name(id=name) if not self.is_local(name):
                return self._named_call(node, name, expected)
            case ast.Name(id=name):
                return self.error("E102", f"`{name}` is a local, not a function", node, "rename the local")
        return self.error("E102", "only functions and methods can be called", node, "name the function")

    def _named_call(self, node: ast.Call, name: str, expected: Type | None) -> ir.Expression:
        declaration = self.module.names.get(name)
        if isinstance(declaration, FunctionDeclaration):
            return self._function_call(declaration, node, expected)
        if isinstance(declaration, StructDeclaration) and declaration.variables:
            return self._generic_construct(declaration, node, expected)
        kinds = (StructDeclaration, EnumDeclaration, UnitDeclaration, VariableDeclaration)
        if isinstance(declaration, kinds) or name in self.bindings:
            kind = self.type_named(ast.copy_location(ast.Name(name), node))
            return self._construct(kind, node) if kind.is_aggregate else self.builtins.convert(kind, node)
        if isinstance(declaration, Builtin) or (name in PYTHON_BUILTINS and declaration is None):
            return self._builtin_call(declaration.name if declaration else name, node, expected)
        return self._unknown_call(name, declaration, node)

    def _builtin_call(self, name: str, node: ast.Call, expected: Type | None) -> ir.Expression:
        kind = SCALARS.get(name)
        if kind is BYTES32:
            return self.builtins.bytes32(node)
        return self.builtins.call(name, node, expected) if kind is None else self.builtins.convert(kind, node)

    def _unknown_call(self, name: str, declaration: Declaration | None, node: ast.Call) -> ir.Expression:
        if isinstance(declaration, BrokenDeclaration):
            return self.erroneous(node)
        if declaration is not None:
            return self.error("E102", f"`{name}` is not a function", node, "call a function or a type")
        known = "add it to `from corten.lang import …`" if name in BUILTINS else "declare or import it"
        return self.error("E200", f"unknown function `{name}`", node, _UNKNOWN_HINTS.get(name, known))

    def _method_call(self, node: ast.Call, func: ast.Attribute) -> ir.Expression:
        if self.is_contract_self(func.value):
            return self._contract_call(node, func.attr)
        base = self.value(func.value)
        if base.type is ERROR:
            return base
        if isinstance(base.type, AtType):
            return self.contracts.call(base, func.attr, node.args, node)
        method = self.program.method(base.type, func.attr) if isinstance(base.type, StructType) else None
        if method is None:
            known = ", ".join(self.program.methods_of(base.type)) if isinstance(base.type, StructType) else ""
            hint = f"methods: {known}" if known else ""
            return self.error("E202", f"{base.type} has no method `{func.attr}`", node, hint)
        return self.call_instance(method, base, node.args, node.keywords, node)

    def _contract_call(self, node: ast.Call, name: str) -> ir.Expression:
        methods = self.program.contract.methods if self.program.contract else {}
        if name == "emit":
            return self.error("E102", "`self.emit(…)` is a statement", node, "write it on a line of its own")
        if name == "call":
            return self.contracts.explicit(node)
        if name == "deploy":
            return self.contracts.deploy(node)
        if name not in methods:
            hint = "methods: " + ", ".join(methods)
            return self.error("E202", f"the contract has no method `{name}`", node, hint)
        instance = self.program.instance(methods[name], None, {})
        return self.call_instance(instance, None, node.args, node.keywords, node)

    # ---- generic functions ---------------------------------------------------------------------------------------

    def _function_call(self, declaration: FunctionDeclaration, node: ast.Call, expected: Type | None) -> ir.Expression:
        bindings = self._infer(declaration, node, expected)
        if bindings is None:
            return self.erroneous(node)
        instance = self.program.instance(declaration, None, bindings)
        return self.call_instance(instance, None, node.args, node.keywords, node)

    def _infer(self, declaration: FunctionDeclaration, node: ast.Call, expected: Type | None) -> Bindings | None:
        """Bind a generic function's type variables from its arguments; literals give i64 and f64."""
        variables = self.program.type_variables(declaration.node, declaration.module)
        if not variables:
            return {}
        parameters = declaration.node.args.args
        by_name = {parameter.arg: parameter.annotation for parameter in parameters}
        given = [(p.annotation, value) for p, value in zip(parameters, node.args, strict=False)]
        given += [(by_name.get(str(keyword.arg)), keyword.value) for keyword in node.keywords]
        bindings: Bindings = {}
        for wants_literal in (False, True):
            for annotation, argument in given:
                if annotation is not None and (self.literal(argument) is not None) == wants_literal:
                    self._bind(annotation, argument, declaration, variables, bindings)
        missing = [name for name in variables if name not in bindings]
        if not missing:
            return {name: bindings[name] for name in variables}
        hint = f"annotate a parameter with {missing[0]}"
        self.error("E304", f"the arguments of `{declaration.name}` do not tell what {missing[0]} is", node, hint)
        return None

    def _bind(
        self,
        annotation: ast.expr,
        argument: ast.expr,
        declaration: FunctionDeclaration,
        variables: list[str],
        bindings: Bindings,
    ) -> None:
        wanted = [n.id for n in ast.walk(annotation) if isinstance(n, ast.Name) and n.id in variables]
        if any(name not in bindings for name in wanted):
            number = self.literal(argument)
            if number is None:
                value = self._inferred[argument] = self.value(argument)
                kind = value.type
            else:
                kind = F64 if isinstance(number, float) else I64
            self.program.unify(annotation, kind, declaration.module, bindings, variables)

    # ---- arguments -----------------------------------------------------------------------------------------------

    def call_instance(
        self,
        instance: Instance,
        base: ir.Expression | None,
        arguments: list[ast.expr],
        keywords: list[ast.keyword],
        node: ast.AST,
    ) -> ir.Expression:
        """A call with arguments matched to the signature; the result of a Ref function is a place."""
        signature, line = instance.signature, getattr(node, "lineno", 1)
        matched = self.match(instance, arguments, keywords, node)
        if matched is None:
            return self.erroneous(node)
        types = dict(zip(signature.names, signature.types, strict=True))
        values = {name: self.argument(matched[name], types[name]) for name in matched}
        if any(value.type is ERROR for value in values.values()) or signature.result is ERROR:
            return self.erroneous(node)
        bound: list[tuple[int, ir.Expression]] = []
        written = [name for name in matched if matched[name][1] is None]
        if written != [name for name in signature.names if matched[name][1] is None]:
            if base is not None:
                local, read = self.temporary(base)
                bound, base = [(local, base)], read
            values = self._in_written_order(values, bound)
        operands = [base] if base is not None else []
        operands += [values[name] for name in signature.names]
        result: ir.Expression = ir.Call(signature.result, line, instance.function, operands)
        for local, value in reversed(bound):
            result = ir.Let(signature.result, line, local, value, result)
        return result

    def _in_written_order(
        self, values: dict[str, ir.Expression], bound: list[tuple[int, ir.Expression]]
    ) -> dict[str, ir.Expression]:
        """Keyword arguments are evaluated as they are written, whatever the order of the parameters."""
        reads: dict[str, ir.Expression] = {}
        for name, value in values.items():
            local, reads[name] = self.temporary(value)
            bound.append((local, value))
        return reads

    def argument(self, argument: _Argument, kind: Type) -> ir.Expression:
        """An argument as a value of its parameter's type."""
        node, module = argument
        if node in self._inferred:
            return self.agree(self._inferred.pop(node), kind, node)
        if module is None:
            return self.typed(node, kind)
        with self.elsewhere(module):
            return self.typed(node, kind)

    def match(
        self, instance: Instance, arguments: list[ast.expr], keywords: list[ast.keyword], node: ast.AST
    ) -> dict[str, _Argument] | None:
        """The arguments by parameter, in the order they are written; defaults last."""
        name, signature = instance.declaration.name, instance.signature
        expected = "parameters: " + ", ".join(signature.names) if signature.names else "it has no parameters"
        if len(arguments) > len(signature.names):
            message = f"`{name}` takes {len(signature.names)} arguments, found {len(arguments)}"
            self.error("E304", message, node, expected)
            return None
        given: dict[str, _Argument] = {p: (a, None) for p, a in zip(signature.names, arguments, strict=False)}
        for keyword in keywords:
            if keyword.arg not in signature.names or keyword.arg in given:
                self.error("E304", f"`{name}` has no free parameter `{keyword.arg}`", keyword, expected)
                return None
            given[keyword.arg] = (keyword.value, None)
        for parameter, default in zip(signature.names, signature.defaults, strict=True):
            if parameter not in given:
                if default is None:
                    self.error("E304", f"`{name}` needs `{parameter}`", node, expected)
                    return None
                given[parameter] = (default, instance.declaration.module)
        return given

    # ---- constructors --------------------------------------------------------------------------------------------

    def _generic_construct(
        self, declaration: StructDeclaration, node: ast.Call, expected: Type | None
    ) -> ir.Expression:
        if isinstance(expected, StructType) and self.program.declared.get(expected) is declaration:
            return self._construct(expected, node)
        hint = f"write {declaration.name}[{', '.join(declaration.variables)}](…)"
        return self.error("E304", f"`{declaration.name}` needs type arguments", node, hint)

    def _construct(self, kind: Type, node: ast.Call) -> ir.Expression:
        """`Order(price=1, size=2)`, or `Array[i64, 4]()` for zeros."""
        if kind is ERROR:
            return self.erroneous(node)
        if isinstance(kind, ArrayType):
            if node.args or node.keywords:
                return self.error("E304", f"{kind} takes no arguments: it starts as zeros", node, f"write {kind}()")
            return ir.Construct(kind, node.lineno, self.function.new_slot(kind), [])
        if not isinstance(kind, StructType):
            return self.error("E304", f"{kind} cannot be constructed", node, f"convert with {kind}(x)")
        given = self._match_fields(kind, node)
        if given is None:
            return self.erroneous(node)
        stores = []
        for name, argument in given.items():
            field = kind.fields[name]
            stores.append((field.offset, field.type, self.argument(argument, field.type)))
        if any(value.type is ERROR for _, _, value in stores):
            return self.erroneous(node)
        return ir.Construct(kind, node.lineno, self.function.new_slot(kind), stores)

    def _match_fields(self, kind: StructType, node: ast.Call) -> dict[str, _Argument] | None:
        """Values by field, in the order they are written; literal defaults of the declaration last."""
        names = list(kind.fields)
        hint = "fields: " + ", ".join(names)
        if len(node.args) > len(names):
            self.error("E304", f"{kind} has {len(names)} fields, found {len(node.args)} values", node, hint)
            return None
        given: dict[str, _Argument] = {n: (a, None) for n, a in zip(names, node.args, strict=False)}
        for keyword in node.keywords:
            if keyword.arg not in kind.fields or keyword.arg in given:
                self.error("E304", f"{kind} has no free field `{keyword.arg}`", keyword, hint)
                return None
            given[keyword.arg] = (keyword.value, None)
        declaration = self.program.declared[kind]
        for item in declaration.node.body:
            match item:
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in kind.fields:
                    given.setdefault(name, (value, declaration.module))
        return given
