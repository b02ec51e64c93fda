"""Holds the IR to its rules: run after checking and after every pass. A violation is our bug, not the author's."""

from __future__ import annotations

from corten.base.errors import CompilerBug
from corten.compiler import ir
from corten.compiler.host import import_types, returns_digest
from corten.compiler.types import BOOL, BYTES32, ERROR, F64, NONE, AtType, IntType, RefType, Type, carrier
from corten.compiler.walk import children, nested, operands, terminates


def verify(program: ir.Program, stage: str) -> None:
    """Raise CompilerBug unless every function of `program` is well-formed."""
    known = set(program.functions)
    for function in program.functions:
        _FunctionVerifier(function, known, program, stage).verify()


def _is_address(kind: Type) -> bool:
    return kind.is_aggregate or isinstance(kind, RefType)


def _same(a: Type, b: Type) -> bool:
    """Equal types, or equal carriers of integers: what code generation relies on."""
    if isinstance(a, IntType) and isinstance(b, IntType):
        return carrier(a) is carrier(b)
    return a is b


class _FunctionVerifier:
    def __init__(self, function: ir.Function, known: set[ir.Function], program: ir.Program, stage: str) -> None:
        self.function, self.known, self.program, self.stage = function, known, program, stage
        self.loops = 0

    def verify(self) -> None:
        """The whole function."""
        function = self.function
        self._expect(all(p < len(function.locals) for p in function.parameters), "unknown parameter", function.line)
        self._block(function.body)
        self._expect(terminates(function.body), "the end of the body is reached", function.line)

    def _expect(self, condition: bool, what: str, line: int) -> None:
        if not condition:
            f = self.function
            raise CompilerBug(f"after {self.stage}: {f.file}:{line}: in `{f.symbol}`: {what}")

    def _block(self, body: list[ir.Statement]) -> None:
        for position, statement in enumerate(body):
            final = isinstance(statement, (ir.Return, ir.Break, ir.Continue, ir.Trap))
            self._expect(not final or position == len(body) - 1, "statement after a terminator", statement.line)
            for expression in operands(statement):
                self._expression(expression)
            self._statement(statement)
            self.loops += isinstance(statement, ir.While)
            for block in nested(statement):
                self._block(block)
            self.loops -= isinstance(statement, ir.While)

    def _statement(self, node: ir.Statement) -> None:
        line = node.line
        match node:
            case ir.SetLocal(local=local, value=value):
                self._expect(local < len(self.function.locals), "unknown local", line)
                self._expect(_same(self.function.locals[local].type, value.type), "local of another type", line)
            case ir.Store(type=kind, address=address, value=value):
                self._expect(_is_address(address.type), "store to a value", line)
                self._expect(_same(kind, value.type), f"store of {value.type} as {kind}", line)
            case ir.If(condition=condition) | ir.While(condition=condition) | ir.Require(condition=condition):
                self._expect(condition.type is BOOL, "condition is not bool", line)
            case ir.Break() | ir.Continue():
                self._expect(self.loops > 0, "break outside a loop", line)
            case ir.Return(value=value):
                self._return(value, line)
            case ir.Emit(event=event, value=value):
                self._expect(self.program.events[event] is value.type, "emit of another event", line)

    def _return(self, value: ir.Expression | None, line: int) -> None:
        result = self.function.result
        if value is None:
            self._expect(result is NONE, "return without a value", line)
        elif isinstance(result, RefType):
            self._expect(_is_address(value.type), "return of a value as a place", line)
        else:
            self._expect(_same(value.type, result), f"return of {value.type} as {result}", line)

    def _expression(self, node: ir.Expression) -> None:
        for child in children(node):
            self._expression(child)
        line = node.line
        self._expect(node.type is not ERROR, "erroneous expression", line)
        match node:
            case ir.ReadLocal(local=local):
                self._expect(local < len(self.function.locals), "unknown local", line)
                self._expect(_same(self.function.locals[local].type, node.type), "local of another type", line)
            case ir.Offset(base=base) | ir.Element(base=base):
                self._expect(_is_address(base.type) and _is_address(node.type), "address of a value", line)
            case ir.Load(address=address):
                self._expect(_is_address(address.type) and not _is_address(node.type), "load", line)
            case ir.Binary():
                self._binary(node)
            case ir.Compare(operator=operator, left=left, right=right):
                self._expect(operator in ir.COMPARE_OPERATORS and _same(left.type, right.type), "comparison", line)
            case ir.Logical(left=left, right=right):
                self._expect(left.type is BOOL and right.type is BOOL, "logic on other than bool", line)
            case ir.Conditional(condition=condition, then=then, otherwise=otherwise):
                same = _same(then.type, otherwise.type) and _same(then.type, node.type)
                self._expect(condition.type is BOOL and same, "conditional", line)
            case _:
                self._compound(node)

    def _compound(self, node: ir.Expression) -> None:
        line = node.line
        match node:
            case ir.Not(operand=operand):
                self._expect(operand.type is BOOL and node.type is BOOL, "logic on other than bool", line)
            case ir.Let(local=local, value=value, body=body):
                self._expect(local < len(self.function.locals), "unknown local", line)
                same = _same(self.function.locals[local].type, value.type) and _same(body.type, node.type)
                self._expect(same, "let of another type", line)
            case ir.Convert(mode=mode):
                self._expect(mode in ("checked", "wrapping", "saturating"), f"conversion {mode}", line)
            case ir.Intrinsic(name=name, arguments=arguments):
                known = name in ir.INTRINSICS and ir.INTRINSICS[name][0] == len(arguments)
                self._expect(known, f"intrinsic {name}", line)
            case ir.Call(function=callee, arguments=arguments):
                self._call(callee, arguments, line)
                self._expect(node.type is callee.result, "call of another type", line)
            case ir.HostCall(function=function, arguments=arguments):
                is_whole = len(arguments) == len(import_types(function)[1]) - returns_digest(function)
                self._expect(is_whole, f"arguments of {function.name}", line)
            case ir.ContractCall(contract=contract, slot=slot):
                self._expect(isinstance(contract.type, AtType), "call of a contract at no address", line)
                self._expect(slot < len(self.function.slots), "unknown slot", line)
            case ir.Deployment(code=code, slot=slot):
                self._expect(code.type is BYTES32 and isinstance(node.type, AtType), "deployment of no code", line)
                self._expect(slot < len(self.function.slots), "unknown slot", line)
            case ir.Construct(slot=slot, stores=stores):
                slots = self.function.slots
                self._expect(slot < len(slots) and slots[slot] is node.type, "slot of another type", line)
                for _, kind, value in stores:
                    self._expect(_same(kind, value.type), "field of another type", line)

    def _binary(self, node: ir.Binary) -> None:
        floats = node.operator in ("fadd", "fsub", "fmul", "fdiv")
        self._expect(node.operator in ir.BINARY_OPERATORS, f"operator {node.operator}", node.line)
        self._expect((node.type is F64) == floats, "operator of another type", node.line)
        if node.operator not in ("shl", "shr", "wrapping_shl"):
            self._expect(
                _same(node.left.type, node.right.type) and _same(node.left.type, node.type), "operands", node.line
            )

    def _call(self, callee: ir.Function, arguments: list[ir.Expression], line: int) -> None:
        self._expect(callee in self.known, f"call of unknown {callee.symbol}", line)
        self._expect(len(arguments) == len(callee.parameters), "argument count", line)
        for argument, local in zip(arguments, callee.parameters, strict=True):
            kind = callee.locals[local].type
            same = _same(argument.type, kind) or (_is_address(argument.type) and _is_address(kind))
            self._expect(same, f"argument of {argument.type} for {kind}", line)
