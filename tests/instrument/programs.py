"""Random modules: straight-line code, branches, bounded loops, calls, stores of all widths, NaNs of every kind.

Deterministic per seed. A module exports `main` () → (), which reads its inputs from memory and leaves its results
there.
"""

from __future__ import annotations

import random

from corten.wasm import op
from corten.wasm.instrument.layout import WASM_PAGE
from corten.wasm.module import Data, Export, Function, FuncType, Global, Instr, Kind, Limits, Module
from corten.wasm.opcodes import EMPTY_BLOCK, F32, F64, I32, I64, OPCODES, V128, Category

TYPES = (I32, I64, F32, F64, V128)
GLOBAL_TYPES = (I32, I64, F32, F64)
PAGES = 2
_AVOIDED = frozenset(
    (Category.STORE, Category.SIMD_STORE, Category.BULK, Category.MEMORY, Category.DIVIDE, Category.CONST)
)
_PLAIN = [
    row
    for row in OPCODES.values()
    if row.signature is not None
    and len(row.signature[1]) == 1
    and row.category not in _AVOIDED
    and not (row.category == Category.CONVERT and "trunc_f" in row.name)
]
PRODUCERS = {kind: [row for row in _PLAIN if row.signature and row.signature[1] == (kind,)] for kind in TYPES}
FLOAT_PRODUCERS = {
    kind: [row for row in rows if any(word in row.name for word in ("f32", "f64", "v128.bit"))]
    for kind, rows in PRODUCERS.items()
}
STORES = [row for row in OPCODES.values() if row.category in (Category.STORE, Category.SIMD_STORE)]
CONSTANTS = {I32: op.I32_CONST, I64: op.I64_CONST, F32: op.F32_CONST, F64: op.F64_CONST, V128: op.V128_CONST}
NANS = {
    F32: (0x7FC00000, 0xFFC00000, 0x7FC01234, 0x7FA00001, 0xFFFFFFFF, 0x7F800000, 0, 0x80000000, 0x3F800000),
    F64: (
        0x7FF8 << 48,
        0xFFF8 << 48,
        0x7FF8_0000_0000_1234,
        0x7FF4_0000_0000_0001,
        2**64 - 1,
        0x7FF0 << 48,
        0,
        1 << 63,
    ),
}


class Generator:
    """Makes one module from a seed. `float_share` is how often an expression prefers float instructions."""

    def __init__(self, seed: int, float_share: float = 0.3, size: int = 25) -> None:
        self.random = random.Random(seed)
        self.float_share = float_share
        self.size = size
        self.locals: list[int] = []
        self.code: list[Instr] = []
        self.depth = 0
        self.helpers: list[FuncType] = []

    def module(self) -> Module:
        types = [FuncType((), ())]
        functions = []
        for _ in range(self.random.randrange(3)):
            signature = FuncType(self._types(3), self._types(1))
            types.append(signature)
            functions.append(self._function(len(types) - 1, signature, self.size // 3))
            self.helpers.append(signature)
        functions.append(self._function(0, types[0], self.size))
        content = bytes(self._byte() for _ in range(512)) * 8
        return Module(
            types=types,
            functions=functions,
            memories=[Limits(PAGES, None)],
            globals=[Global(kind, True, [(CONSTANTS[kind], 5), (op.END,)]) for kind in GLOBAL_TYPES],
            exports=[Export("main", Kind.FUNCTION, len(functions) - 1), Export("memory", Kind.MEMORY, 0)],
            data=[
                Data(0, [(op.I32_CONST, 0), (op.END,)], content),
                Data(0, [(op.I32_CONST, WASM_PAGE), (op.END,)], content),
                Data(0, None, content[:100]),
            ],
        )

    def _byte(self) -> int:
        return self.random.choice((0, 0x7F, 0xFF, 0xF8, 0xC0, 0x80, self.random.randrange(256)))

    def _types(self, most: int) -> tuple[int, ...]:
        return tuple(self.random.choice(TYPES) for _ in range(self.random.randrange(most + 1)))

    def _function(self, type_index: int, signature: FuncType, size: int) -> Function:
        declared = [self.random.choice(TYPES) for _ in range(10)]
        self.locals = [*signature.params, *declared]
        self.code = []
        self.counters: list[int] = []
        self.depth = 0
        for local in range(len(signature.params), len(self.locals)):
            if self.random.random() < 0.7:
                self._load(self.locals[local])
                self.code.append((op.LOCAL_SET, local))
        for _ in range(size):
            self.statement()
        for local, kind in enumerate(self.locals):
            self.code += [(op.I32_CONST, 40_000 + 16 * local), (op.LOCAL_GET, local), (_store_of(kind), 0, 0, 0)]
        for which, kind in enumerate(GLOBAL_TYPES):
            self.code += [(op.I32_CONST, 50_000 + 16 * which), (op.GLOBAL_GET, which), (_store_of(kind), 0, 0, 0)]
        for kind in signature.results:
            self.expression(kind, 3)
        return Function(type_index, declared + self.counters, [*self.code, (op.END,)])

    # ── statements ───────────────────────────────────────────────────────────────────────────────────────────────────

    def statement(self) -> None:
        choices = [self._assign] * 6 + [self._store] * 5 + [self._store_run] * 2 + [self._set_global, self._call]
        if self.depth < 3:
            choices += [self._if, self._block, self._loop, self._bulk]
        self.random.choice(choices)()

    def _assign(self) -> None:
        local = self.random.randrange(len(self.locals))
        self.expression(self.locals[local], 4)
        self.code.append((op.LOCAL_SET, local))

    def _store(self) -> None:
        row = self.random.choice(STORES)
        assert row.signature is not None
        offset = self.random.choice((0, 0, 8, 4, 1, 4090, self.random.randrange(64)))
        self._address()
        self.expression(row.signature[0][1], 3)
        lane = (self.random.randrange(16 // row.access_bytes),) if row.immediate == "access_lane" else ()
        self.code.append((row.code, 0, offset, 0, *lane))

    def _store_run(self) -> None:
        """Fields of a record: the same base, several offsets."""
        bases = [local for local, kind in enumerate(self.locals) if kind == I32]
        if not bases:
            return
        base = self.random.choice(bases)
        if self.random.random() < 0.8:
            self._address()
            if self.random.random() < 0.7:
                self.code += [(op.I32_CONST, -8), (op.I32_AND,)]
            self.code.append((op.LOCAL_SET, base))
        for _ in range(self.random.randrange(1, 6)):
            row = self.random.choice([row for row in STORES if row.immediate == "access"])
            assert row.signature is not None
            self.code.append((op.LOCAL_GET, base))
            self.expression(row.signature[0][1], 1)
            self.code.append((row.code, 0, self.random.choice((0, 4, 8, 8, 12, 16, 24, 32, 40, 100)), 0))

    def _set_global(self) -> None:
        which = self.random.randrange(len(GLOBAL_TYPES))
        self.expression(GLOBAL_TYPES[which], 3)
        self.code.append((op.GLOBAL_SET, which))

    def _call(self) -> None:
        if not self.helpers:
            return
        which = self.random.randrange(len(self.helpers))
        for kind in self.helpers[which].params:
            self.expression(kind, 2)
        self.code.append((op.CALL, which))
        self.code += [(op.DROP,)] * len(self.helpers[which].results)

    def _nested(self, count: int) -> None:
        self.depth += 1
        for _ in range(count):
            self.statement()
        self.depth -= 1

    def _if(self) -> None:
        self.expression(I32, 2)
        self.code.append((op.IF, EMPTY_BLOCK))
        self._nested(self.random.randrange(1, 4))
        if self.random.random() < 0.5:
            self.code.append((op.ELSE,))
            self._nested(self.random.randrange(1, 4))
        self.code.append((op.END,))

    def _block(self) -> None:
        self.code.append((op.BLOCK, EMPTY_BLOCK))
        self._nested(self.random.randrange(1, 3))
        self.expression(I32, 2)
        self.code.append((op.BR_IF, self.random.randrange(self.depth + 1)))
        self._nested(self.random.randrange(1, 3))
        if self.random.random() < 0.2:
            self.code.append((op.BR, 0))
        self.code.append((op.END,))

    def _loop(self) -> None:
        """At most four rounds in the life of a call: its counter is a local that nothing else assigns."""
        counter = len(self.locals) + len(self.counters)
        self.counters.append(I32)
        self.code += [(op.BLOCK, EMPTY_BLOCK), (op.LOOP, EMPTY_BLOCK)]
        self.code += [(op.LOCAL_GET, counter), (op.I32_CONST, 1), (op.I32_ADD,), (op.LOCAL_TEE, counter)]
        self.code += [(op.I32_CONST, 4), (op.I32_GT_U,), (op.BR_IF, 1)]
        self.depth += 1
        self._nested(self.random.randrange(1, 4))
        self.depth -= 1
        self.code += [(op.BR, 0), (op.END,), (op.END,)]

    def _bulk(self) -> None:
        kind = self.random.randrange(3)
        self._address()
        if kind == 0:
            self.expression(I32, 1)
        elif kind == 1:
            self._address()
        else:
            self.code.append((op.I32_CONST, self.random.randrange(50)))
        self.code.append((op.I32_CONST, self.random.choice((0, 1, 7, 8, 9, 50, 300 if kind < 2 else 30))))
        self.code.append([(op.MEMORY_FILL, 0), (op.MEMORY_COPY, 0, 0), (op.MEMORY_INIT, 2, 0)][kind])

    # ── expressions ──────────────────────────────────────────────────────────────────────────────────────────────────

    def expression(self, kind: int, depth: int) -> None:
        if depth == 0 or self.random.random() < 0.25:
            self._leaf(kind)
            return
        choice = self.random.random()
        if choice < 0.12:
            self._select(kind, depth)
        elif choice < 0.18:
            self._tee(kind, depth)
        elif choice < 0.24:
            self._if_value(kind, depth)
        else:
            self._operator(kind, depth)

    def _leaf(self, kind: int) -> None:
        held = [local for local, held_kind in enumerate(self.locals) if held_kind == kind]
        choice = self.random.random()
        if held and choice < 0.7:
            self.code.append((op.LOCAL_GET, self.random.choice(held)))
        elif choice < 0.8 and kind in GLOBAL_TYPES:
            self.code.append((op.GLOBAL_GET, GLOBAL_TYPES.index(kind)))
        else:
            self.code.append((CONSTANTS[kind], self._constant(kind)))

    def _constant(self, kind: int) -> int:
        if kind in NANS:
            return self.random.choice(NANS[kind])
        if kind == V128:
            wide = self.random.choice((F32, F64))
            width = 32 if wide == F32 else 64
            return sum(self.random.choice(NANS[wide]) << lane for lane in range(0, 128, width))
        return self.random.choice((0, 1, -1, 5, 0x7FFF_FFFF, self.random.randrange(1 << 30)))

    def _select(self, kind: int, depth: int) -> None:
        self.expression(kind, depth - 1)
        self.expression(kind, depth - 1)
        self.expression(I32, 1)
        self.code.append((op.SELECT,))

    def _tee(self, kind: int, depth: int) -> None:
        held = [local for local, held_kind in enumerate(self.locals) if held_kind == kind]
        self.expression(kind, depth - 1)
        if held:
            self.code.append((op.LOCAL_TEE, self.random.choice(held)))

    def _if_value(self, kind: int, depth: int) -> None:
        self.expression(I32, 1)
        self.code.append((op.IF, kind - 0x80))
        self.depth += 1
        self.expression(kind, depth - 1)
        self.code.append((op.ELSE,))
        self.expression(kind, depth - 1)
        self.depth -= 1
        self.code.append((op.END,))

    def _operator(self, kind: int, depth: int) -> None:
        rows = FLOAT_PRODUCERS[kind] if self.random.random() < self.float_share else PRODUCERS[kind]
        row = self.random.choice(rows or PRODUCERS[kind])
        assert row.signature is not None
        if row.access_bytes:
            self._load(kind)
            return
        for operand in row.signature[0]:
            self.expression(operand, depth - 1)
        self.code.append((row.code, *self._immediates(row.immediate.value, row.name)))

    def _immediates(self, immediate: str, name: str) -> tuple[object, ...]:
        if immediate == "lane":
            return (self.random.randrange(int(name.split(".", maxsplit=1)[0].split("x")[1])),)
        if immediate == "shuffle":
            return (tuple(self.random.randrange(32) for _ in range(16)),)
        return ()

    def _load(self, kind: int) -> None:
        rows = [row for row in PRODUCERS[kind] if row.access_bytes and row.immediate == "access"]
        row = self.random.choice(rows)
        self._address()
        self.code.append((row.code, 0, self.random.choice((0, 8, 3, 16)), 0))

    def _address(self) -> None:
        """Mostly within memory, aligned and not, near page borders, now and then past the end."""
        choice = self.random.random()
        if choice < 0.3:
            self.code.append((op.I32_CONST, self.random.choice((0, 8, 4092, 4095, 65536, 512, 61_440, 100))))
        elif choice < 0.31:
            self.code.append((op.I32_CONST, PAGES * WASM_PAGE - self.random.randrange(40)))
        else:
            self._leaf(I32)
            self.code += [(op.I32_CONST, self.random.choice((0xFFFF, 0xFFF8, 0x1FF, 0x1F8))), (op.I32_AND,)]


def _store_of(kind: int) -> int:
    return {I32: op.I32_STORE, I64: op.I64_STORE, F32: op.F32_STORE, F64: op.F64_STORE, V128: op.V128_STORE}[kind]
