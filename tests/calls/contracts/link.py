"""A link of a chain of contracts, each of which calls the next; with what it takes to break it anywhere."""

from __future__ import annotations

from typing import Protocol

from corten.lang import At, Contract, Vec, contract, event, i64, init, interface, message, require, u32, view


@interface
class Next(Protocol):
    @message
    def walk(self, depth: i64, fate: i64) -> i64: ...

    @view
    def look(self, depth: i64) -> i64: ...


@event
class Walked:
    depth: i64


@contract
class Link(Contract):
    next: At[Next]
    steps: i64
    marks: Vec[i64]

    @init
    def start(self, next: At[Next]) -> None:
        self.next = next

    @message
    def join(self, next: At[Next]) -> None:
        self.next = next

    @message
    def walk(self, depth: i64, fate: i64) -> i64:
        """At the last link: 1 rejects, 2 traps, 3 loops for ever; 4 rejects on the way back, 5 traps."""
        self.steps += 1
        self.marks.append(depth)
        self.emit(Walked(depth))
        result = depth
        if depth > 0:
            result = self.next.walk(depth - 1, fate) + 1
        elif fate == 1:
            require(fate == 0, "end_rejects")
        elif fate == 2:
            result = result // (fate - 2)
        while fate == 3 and depth == 0:
            self.steps += 1
        require(fate != 4, "way_back_rejects")
        if fate == 5:
            result = result // (fate - 5)
        self.emit(Walked(-depth))
        return result

    @message
    def mark(self) -> u32:
        self.marks.append(self.steps)
        return len(self.marks)

    @view
    def look(self, depth: i64) -> i64:
        if depth > 0:
            return self.next.look(depth - 1) + 1
        return self.steps

    @view
    def count(self) -> u32:
        return len(self.marks)
