"""Recurses, then calls the next of its kind."""

from __future__ import annotations

from typing import Protocol

from corten.lang import At, Contract, contract, i64, init, interface, message, no_inline


@interface
class Next(Protocol):
    @message
    def dive(self, depth: i64, frames: i64) -> i64: ...


@contract
class Deep(Contract):
    next: At[Next]
    touched: i64

    @init
    def start(self, next: At[Next]) -> None:
        self.next = next

    @no_inline
    def down(self, frames: i64, depth: i64, all_frames: i64) -> i64:
        self.touched += 1
        if frames > 1:
            return self.down(frames - 1, depth, all_frames) + 1
        if depth > 0:
            return self.next.dive(depth - 1, all_frames) + 1
        return 1

    @message
    def dive(self, depth: i64, frames: i64) -> i64:
        return self.down(frames, depth, frames)
