"""The same contract IR compiled for this processor, as the peer that benchmarks compare with.

Guest addresses are plain numbers in the IR, so the guest's memory is mapped at those very addresses: nothing is added
to an access. The driver around the entries does the work that `corten.run` does — dispatch, parameters, receipts,
records — without gas, stack depth, undo log and sandbox. A trap ends the run; a reject keeps what it changed: for
benchmarks only.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterator
from pathlib import Path

import llvmlite.binding as llvm

from corten.base.errors import HostFault, InvalidInput
from corten.compiler import ir
from corten.compiler.abi import padded, payload
from corten.compiler.check import check_contract
from corten.compiler.codegen import optimize, parse
from corten.compiler.host import used_host_functions
from corten.compiler.llvm import MAX_FLATTENED, RESULT_KIND, STATE_ADDRESS, STATE_HEADER, emit_llvm, flat_types
from corten.compiler.types import BYTES32, F64, NONE, IntType, StructType, Type, leaf_count, leaves

_MAP_FIXED_NOREPLACE = 0x100000
_GLOBALS = """
@n.sender = internal global i32 0
@n.address = internal global i32 0
@n.limit = internal global i32 0
@n.time = internal global i64 0
@n.message = internal global i32 0
@n.base = internal global i64 0
@n.out = internal global i64 0
@n.index = internal global i64 0
@n.trap = global i32 0
"""


class NativeContract:
    """A contract as machine code, with its state at its guest addresses. One at a time per process."""

    def __init__(self, path: Path, memory_limit: int = 1 << 28) -> None:
        self.program = check_contract(path)
        called = ", ".join(function.name for function in used_host_functions(self.program))
        if called:
            raise InvalidInput("contract", "one that calls no host functions", f"calls of {called}")
        self.memory_limit = memory_limit
        self._map_memory()
        machine = _host_machine()
        text = emit_llvm(self.program, llvm.get_process_triple())[0]
        module = parse(_link_imports(text) + driver_text(self.program))
        optimize(module, machine)
        self._engine = llvm.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()
        address = self._engine.get_function_address("native.run")
        self._run = ctypes.CFUNCTYPE(ctypes.c_int32, *[ctypes.c_int64] * 6, ctypes.c_int32, ctypes.c_int64)(address)

    def _map_memory(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_FIXED_NOREPLACE
        self._size = self.memory_limit - STATE_HEADER
        found = libc.mmap(STATE_HEADER, self._size, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)
        if found != STATE_HEADER:
            raise HostFault("the guest's addresses are taken in this process: close the other NativeContract first")
        self._libc = libc
        heap_start = -(-(STATE_ADDRESS + self.program.state.size) // 16) * 16
        ctypes.c_uint32.from_address(STATE_HEADER).value = heap_start

    def close(self) -> None:
        """Unmap the state."""
        self._libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        self._libc.munmap(STATE_HEADER, self._size)

    def run_at(self, base: int, offsets: tuple[int, int, int, int, int]) -> tuple[int, int, int]:
        """Apply the frames of a system memory at address `base` (docs/spec/module.md).

        `offsets` from it: frames' begin and end, receipts, outbox, record index. Returns how many messages were
        applied, bytes of records and bytes of record index. HostFault for an unknown entry; a trap ends the process.
        """
        totals = (ctypes.c_int64 * 3)()
        if self._run(base, *(base + offset for offset in offsets), self.memory_limit, ctypes.addressof(totals)) < 0:
            raise HostFault("native code was given a frame without an entry")
        count, written, indexed = totals
        return count, written, indexed


def _host_machine() -> llvm.TargetMachine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=3, jit=True)


def _link_imports(text: str) -> str:
    """Drop the declarations of the imports: `driver_text` defines them."""
    return "\n".join(line for line in text.splitlines() if '"wasm-import-module"' not in line)


def driver_text(program: ir.Program) -> str:
    """LLVM IR of the imports and of `native.run`."""
    parts = [_GLOBALS, _host_values()]
    parts += [_record(f"emit.{event.name}", event, number) for number, event in enumerate(program.events)]
    for entry in program.entries:
        if entry.function.result is not NONE:
            parts.append(_record(f"result.{entry.name}", entry.function.result, RESULT_KIND))
    return "\n".join([*parts, _run_text(program)])


def _host_values() -> str:
    lines = []
    for name, kind, source in (
        ("sender", "i32", "n.sender"),
        ("memory_limit", "i32", "n.limit"),
        ("address", "i32", "n.address"),
        ("time", "i64", "n.time"),
        ("height", "i64", "n.time"),
        ("chain", "i64", "n.time"),
    ):
        lines.append(
            f'define internal {kind} @"corten.{name}"() {{\n  %v = load {kind}, ptr @{source}\n  ret {kind} %v\n}}'
        )
    lines.append('define internal double @"corten.canonical"(double %x) alwaysinline {\n  ret double %x\n}')
    lines.append(
        'define internal void @"corten.trap"(i32 %c) noreturn cold noinline {\n'
        "  store volatile i32 %c, ptr @n.trap\n  call void @llvm.trap()\n  unreachable\n}\ndeclare void @llvm.trap()"
    )
    lines.append(
        'define internal i32 @"corten.call"(i32 %c, i32 %s, i32 %a, i32 %n, i32 %r, i32 %m) noinline {\n'
        "  call void @llvm.trap()\n  unreachable\n}"
    )
    lines.append(
        'define internal i32 @"corten.deploy"(i32 %c, i32 %s, i32 %a, i32 %n, i32 %r) noinline {\n'
        "  call void @llvm.trap()\n  unreachable\n}"
    )
    lines.append(
        'define internal void @"corten.output"(i32 %k, i32 %a, i32 %n) noinline {\n'
        "  call void @llvm.trap()\n  unreachable\n}"
    )
    return "\n".join(lines)


def _record(name: str, kind: Type, number: int) -> str:
    """The import that appends one record of type `kind`."""
    if leaf_count(kind) > MAX_FLATTENED:
        return ""
    types = flat_types(kind)
    body = [
        "  %out = load i64, ptr @n.out",
        "  %p = inttoptr i64 %out to ptr",
        "  %message = load i32, ptr @n.message",
        f"  store i32 {number}, ptr %p",
        "  %pm = getelementptr i8, ptr %p, i64 4",
        "  store i32 %message, ptr %pm",
    ]
    for count, (scalar, offset, bits) in enumerate(_scalars(kind)):
        body.append(f"  %q{count} = getelementptr i8, ptr %p, i64 {8 + offset}")
        value, wide = f"%a{count}", types[count]
        if scalar != wide:
            body.append(f"  %n{count} = trunc {wide} {value} to i{bits}")
            value = f"%n{count}"
        body.append(f"  store {scalar} {value}, ptr %q{count}")
    body += [
        f"  %next = add i64 %out, {8 + padded(kind.size)}",
        "  store i64 %next, ptr @n.out",
        "  %base = load i64, ptr @n.base",
        "  %relative = sub i64 %out, %base",
        "  %r32 = trunc i64 %relative to i32",
        "  %index = load i64, ptr @n.index",
        "  %ip = inttoptr i64 %index to ptr",
        "  store i32 %r32, ptr %ip",
        "  %inext = add i64 %index, 4",
        "  store i64 %inext, ptr @n.index",
        "  ret void",
    ]
    parameters = ", ".join(f"{t} %a{i}" for i, t in enumerate(types))
    return "\n".join([f'define internal void @"corten.{name}"({parameters}) {{', *body, "}"])


def _scalars(kind: Type) -> Iterator[tuple[str, int, int]]:
    """The stores of a flattened value: LLVM type, byte offset, bits."""
    for leaf in leaves(kind):
        if leaf.type is F64:
            yield "double", leaf.offset, 64
        elif leaf.type is BYTES32 or (isinstance(leaf.type, IntType) and leaf.type.bits == 128):
            for word in range(leaf.type.size // 8):
                yield "i64", leaf.offset + 8 * word, 64
        else:
            yield f"i{leaf.type.size * 8}", leaf.offset, leaf.type.size * 8


def _run_text(program: ir.Program) -> str:
    cases = " ".join(f"i32 {n}, label %entry{n}" for n in range(len(program.entries)))
    entries = [_case(number, entry) for number, entry in enumerate(program.entries)]
    phis = ", ".join(f"[ %status{n}, %entry{n} ]" for n in range(len(program.entries)))
    parameters = "i64 %base, i64 %begin, i64 %end, i64 %receipts, i64 %outbox, i64 %index, i32 %limit, i64 %totals"
    return f"""
define i32 @native.run({parameters}) nounwind {{
start:
  store i32 %limit, ptr @n.limit
  store i64 %base, ptr @n.base
  store i64 %outbox, ptr @n.out
  store i64 %index, ptr @n.index
  br label %loop
loop:
  %at = phi i64 [ %begin, %start ], [ %following, %done ]
  %number = phi i32 [ 0, %start ], [ %numbernext, %done ]
  %more = icmp ult i64 %at, %end
  br i1 %more, label %frame, label %exit
frame:
  %f = inttoptr i64 %at to ptr
  %size = load i32, ptr %f
  %pentry = getelementptr i8, ptr %f, i64 4
  %entry = load i32, ptr %pentry
  %psender = getelementptr i8, ptr %f, i64 8
  %sender = load i32, ptr %psender
  %payload = getelementptr i8, ptr %f, i64 16
  store i32 %sender, ptr @n.sender
  store i32 %number, ptr @n.message
  %outbefore = load i64, ptr @n.out
  %indexbefore = load i64, ptr @n.index
  switch i32 %entry, label %bad [ {cases} ]
{"".join(entries)}
bad:
  ret i32 -1
join:
  %status = phi i32 {phis}
  %accepted = icmp eq i32 %status, 0
  br i1 %accepted, label %done, label %reject
reject:
  store i64 %outbefore, ptr @n.out
  store i64 %indexbefore, ptr @n.index
  br label %done
done:
  %n64 = zext i32 %number to i64
  %offset = shl i64 %n64, 5
  %raddress = add i64 %receipts, %offset
  %r = inttoptr i64 %raddress to ptr
  %flag = icmp ne i32 %status, 0
  %kind = zext i1 %flag to i16
  store i16 %kind, ptr %r
  %rcode = getelementptr i8, ptr %r, i64 2
  %code12 = and i32 %status, 4095
  %code = trunc i32 %code12 to i16
  store i16 %code, ptr %rcode
  %rsite = getelementptr i8, ptr %r, i64 4
  %site = lshr i32 %status, 12
  store i32 %site, ptr %rsite
  %rgas = getelementptr i8, ptr %r, i64 8
  store i64 0, ptr %rgas
  %ibase = sub i64 %indexbefore, %index
  %ifirst = lshr i64 %ibase, 2
  %first = trunc i64 %ifirst to i32
  %rfirst = getelementptr i8, ptr %r, i64 16
  store i32 %first, ptr %rfirst
  %indexnow = load i64, ptr @n.index
  %idiff = sub i64 %indexnow, %indexbefore
  %icount = lshr i64 %idiff, 2
  %count = trunc i64 %icount to i32
  %rcount = getelementptr i8, ptr %r, i64 20
  store i32 %count, ptr %rcount
  %rzero = getelementptr i8, ptr %r, i64 24
  store i64 0, ptr %rzero
  %size64 = zext i32 %size to i64
  %following = add i64 %at, %size64
  %numbernext = add i32 %number, 1
  br label %loop
exit:
  %outend = load i64, ptr @n.out
  %written = sub i64 %outend, %outbox
  %indexend = load i64, ptr @n.index
  %indexed = sub i64 %indexend, %index
  %count64 = zext i32 %number to i64
  %total0 = inttoptr i64 %totals to ptr
  %total1 = getelementptr i64, ptr %total0, i64 1
  %total2 = getelementptr i64, ptr %total0, i64 2
  store i64 %count64, ptr %total0
  store i64 %written, ptr %total1
  store i64 %indexed, ptr %total2
  ret i32 0
}}
"""


def _case(number: int, entry: ir.Entry) -> str:
    record: StructType = payload(entry)
    types = flat_types(record) if entry.parameters else []
    lines, names = [f"entry{number}:"], []
    for count, ((scalar, offset, _), wide, leaf) in enumerate(
        zip(_scalars(record), types, _leaf_types(record), strict=True)
    ):
        name = f"e{number}.{count}"
        lines.append(f"  %{name}.p = getelementptr i8, ptr %payload, i64 {offset}")
        lines.append(f"  %{name} = load {scalar}, ptr %{name}.p")
        if scalar != wide:
            how = "sext" if isinstance(leaf, IntType) and leaf.signed else "zext"
            lines.append(f"  %{name}.w = {how} {scalar} %{name} to {wide}")
            name += ".w"
        names.append(f"{wide} %{name}")
    lines.append(f'  %status{number} = call i32 @"entry.{entry.name}"({", ".join(names)})')
    lines.append("  br label %join")
    return "\n".join(lines) + "\n"


def _leaf_types(record: StructType) -> Iterator[Type]:
    """The type behind each flattened scalar."""
    for leaf in leaves(record):
        words = leaf.type.size // 8 if leaf.type is BYTES32 or leaf.type.size == 16 else 1
        yield from [leaf.type] * max(words, 1)


__all__ = ["NativeContract"]
