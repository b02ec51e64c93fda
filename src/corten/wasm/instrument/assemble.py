"""Injected code is written as flat Wasm text and assembled here, so that it can be read.

One function is a string of mnemonics and operands. Operands: numbers; `$name` for locals, globals, functions and
labels; `:i32` after block, loop or if for a result; loads and stores carry memory and offset: `i32.load@1+12`,
`i64.store@0`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corten.wasm import op
from corten.wasm.module import Function, Instr
from corten.wasm.opcodes import BY_NAME, EMPTY_BLOCK, F32, F64, I32, I64, V128, Immediate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TYPES = {"i32": I32, "i64": I64, "f32": F32, "f64": F64, "v128": V128}
_OPENING = frozenset((op.BLOCK, op.LOOP, op.IF))


class Assembler:
    """Knows the names of a module's injected functions and globals."""

    def __init__(self, functions: dict[str, int], globals_: Mapping[str, int]) -> None:
        self.functions = functions
        self.globals = globals_

    def code(self, text: str, names: Mapping[str, int] | None = None) -> list[Instr]:
        """The instructions of `text`; `names` are its locals."""
        tokens = iter(text.split())
        labels: list[str] = []
        return [self._instruction(token, tokens, names or {}, labels) for token in tokens]

    def function(
        self, type_index: int, parameters: Mapping[str, int], locals_: Mapping[str, int], text: str
    ) -> Function:
        """A whole function; `parameters` and `locals_` map names to value types."""
        names = {name: index for index, name in enumerate((*parameters, *locals_))}
        return Function(type_index, list(locals_.values()), [*self.code(text, names), (op.END,)])

    def _instruction(self, token: str, tokens: Iterator[str], names: Mapping[str, int], labels: list[str]) -> Instr:
        mnemonic, _, access = token.partition("@")
        row = BY_NAME[mnemonic]
        code = row.code
        if code in _OPENING:
            return code, _open(next(tokens), labels)
        if code == op.END:
            labels.pop()
            return (code,)
        match row.immediate:
            case Immediate.NONE:
                return (code,)
            case Immediate.ACCESS:
                memory, _, offset = access.partition("+")
                return code, row.access_bytes.bit_length() - 1, int(offset or 0), int(memory)
            case Immediate.LOCAL:
                return code, names[next(tokens)[1:]]
            case Immediate.GLOBAL:
                return code, self.globals[next(tokens)[1:]]
            case Immediate.FUNCTION:
                return code, self.functions[next(tokens)[1:]]
            case Immediate.LABEL:
                return code, _depth(next(tokens), labels)
            case Immediate.LABELS:
                *depths, default = (_depth(name, labels) for name in next(tokens).split(","))
                return code, tuple(depths), default
            case Immediate.MEMORY_COPY | Immediate.MEMORY_INIT:
                return code, int(next(tokens)), int(next(tokens))
            case _:
                return code, int(next(tokens), 0)


def _open(word: str, labels: list[str]) -> int:
    """`$label` or `$label:type`; every block is named."""
    label, _, result = word.partition(":")
    labels.append(label)
    return TYPES[result] - 0x80 if result else EMPTY_BLOCK


def _depth(label: str, labels: list[str]) -> int:
    return labels[::-1].index(label)
