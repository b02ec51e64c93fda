"""Emits `entry.<name>`: flattened parameters in, status out, the result as a record (docs/spec/module.md)."""

from __future__ import annotations

from collections.abc import Iterator

from corten.base.errors import CompilerBug
from corten.compiler import ir
from corten.compiler.emitter import Sites
from corten.compiler.llvmtypes import flat_types, function_name, llvm_type, result_type
from corten.compiler.lower import ATTRIBUTES, FunctionEmitter
from corten.compiler.types import BOOL, BYTES32, F64, NONE, IntType, RefType, Type, leaves

RESULT_KIND = 0xFFFF


class EntryEmitter(FunctionEmitter):
    """Emits `entry.<name>`: flattened parameters in, status out, the result as a record."""

    def __init__(self, entry: ir.Entry, program: ir.Program) -> None:
        super().__init__(entry.function, program, Sites(program.files))
        self._entry = entry

    def emit(self) -> str:
        types = [t for _, kind in self._entry.parameters for t in flat_types(kind)]
        names = iter([f"%a{i}" for i in range(len(types))])
        arguments = [f"{llvm_type(kind)} {self._rebuild(kind, names)}" for _, kind in self._entry.parameters]
        self._invoke(arguments)
        parameters = ", ".join(f"{kind} %a{i}" for i, kind in enumerate(types))
        name = f'"entry.{self._entry.name}"'
        header = f'define i32 @{name}({parameters}) {ATTRIBUTES} "wasm-export-name"={name} {{'
        return "\n".join([header, "entry:", *self.entry, *self.lines, "}\n"])

    def _invoke(self, arguments: list[str]) -> None:
        function, kind = self.function, result_type(self.function)
        slot = ""
        if function.returns_copy:
            slot = self.stack_slot(f"[{max(function.result.size, 1)} x i8]", max(function.result.align, 8))
            arguments.insert(0, f"ptr {slot}")
        call = f"call {kind} {function_name(function)}({', '.join(arguments)})"
        value = ""
        if kind == "void":
            self.do(call)
        else:
            value = self.op(call)
        if function.may_reject:
            value = self._pass_status(value, kind)
        if function.result is not NONE:
            result = slot or value
            if isinstance(function.result, RefType):
                raise CompilerBug("an entry returns a place")
            self.output(function.result, f"result.{self._entry.name}", RESULT_KIND, result)
        self.do("ret i32 0")

    def _pass_status(self, value: str, kind: str) -> str:
        status = value if kind == "i32" else self.op(f"extractvalue {kind} {value}, 0")
        rejected = self.op(f"icmp ne i32 {status}, 0")
        self.branch(rejected, "reject", "accept")
        self.label("reject")
        self.do(f"ret i32 {status}")
        self.label("accept")
        return "" if kind == "i32" else self.op(f"extractvalue {kind} {value}, 1")

    def _rebuild(self, kind: Type, names: Iterator[str]) -> str:
        """A parameter from its flattened scalars."""
        if not kind.is_aggregate:
            return self._scalar(kind, names)
        slot = self.stack_slot(f"[{max(kind.size, 1)} x i8]", 8)
        self.do(f"call void @llvm.memset.p0.i32(ptr align 8 {slot}, i8 0, i32 {kind.size}, i1 false)")
        for leaf in leaves(kind):
            self.store(leaf.type, self.offset(slot, leaf.offset), self._scalar(leaf.type, names))
        return slot

    def _scalar(self, kind: Type, names: Iterator[str]) -> str:
        first = next(names)
        if kind is F64:
            return self.operations.canonical(str(first))
        if kind is BOOL:
            return self.op(f"icmp ne i32 {first}, 0")
        if kind is BYTES32 or (isinstance(kind, IntType) and kind.bits == 128):
            bits = 256 if kind is BYTES32 else 128
            value = self.op(f"zext i64 {first} to i{bits}")
            for index in range(1, bits // 64):
                word = self.op(f"zext i64 {next(names)} to i{bits}")
                value = self.op(f"or i{bits} {value}, {self.op(f'shl i{bits} {word}, {64 * index}')}")
            return value
        bits = kind.bits if isinstance(kind, IntType) else 8
        return self.operations.resize(str(first), 64 if bits == 64 else 32, bits, False)
