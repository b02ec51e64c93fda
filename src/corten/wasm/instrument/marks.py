"""Code that marks 4 KiB pages of guest memory in a byte map of system memory: one byte a page, 1 is a mark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corten.wasm import op
from corten.wasm.instrument.layout import PAGE_SHIFT, SYSTEM
from corten.wasm.opcodes import EMPTY_BLOCK

if TYPE_CHECKING:
    from corten.wasm.module import Instr


def signed(number: int) -> int:
    """A u32 as the immediate of i32.const."""
    return number - (1 << 32) if number >= 1 << 31 else number


def plus(base: list[Instr], offset: int) -> list[Instr]:
    """An address at a distance from another."""
    if not offset:
        return base
    if len(base) > 2:  # itself a base and an offset
        offset, base = offset + base[-2][1], base[:-2]
    return [*base, (op.I32_CONST, signed(offset & 0xFFFF_FFFF)), (op.I32_ADD,)]


def mark(address: list[Instr], page_map: int) -> list[Instr]:
    """Mark the page of an address."""
    return [
        *(*address, (op.I32_CONST, PAGE_SHIFT), (op.I32_SHR_U,)),
        *((op.I32_CONST, 1), (op.I32_STORE8, 0, page_map, SYSTEM)),
    ]


def mark_page(page: int, page_map: int) -> list[Instr]:
    """Mark a page that is known."""
    return [(op.I32_CONST, 0), (op.I32_CONST, 1), (op.I32_STORE8, 0, page_map + page, SYSTEM)]


def mark_ends(base: list[Instr], low: int, high: int, page_map: int) -> list[Instr]:
    """Mark the pages of bytes [low, high) from a base, a page at the most: those of the first and the last one."""
    return [*mark(plus(base, low), page_map), *mark(plus(base, high - 1), page_map)]


def mark_across(start: list[Instr], size: int, page_map: int) -> list[Instr]:
    """Mark the page of up to 8 bytes, and if they are not aligned, the page of the last one."""
    marks = mark(start, page_map)
    if size > 1:
        marks += _if_unaligned(start, size, mark(plus(start, size - 1), page_map))
    return marks


def _if_unaligned(start: list[Instr], size: int, code: list[Instr]) -> list[Instr]:
    """Run `code` if the bytes are not aligned to their size, rounded up to a power of two."""
    mask = (1 << (size - 1).bit_length()) - 1
    return [*start, (op.I32_CONST, mask), (op.I32_AND,), (op.IF, EMPTY_BLOCK), *code, (op.END,)]
