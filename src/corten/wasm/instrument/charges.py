"""Where gas is charged: at few of the metered blocks, so that the counter is exact wherever it is looked at.

What a path owes is the sum of its blocks' costs. A block may pay in advance for what follows it on every path, or leave
its own cost to that: then several blocks need no code. Where paths part and meet there is a junction, and each junction
gets a number, what was paid in advance by all who come there:

    charge of a block = its cost + paid in advance where it leads to - paid in advance where it begins

On every path from a junction where nothing was paid in advance to another such junction the sum is that of the costs.
Those are the function's entry and exits, and every junction behind a block in which the counter is looked at: a test, a
call, a bulk operation. The other junctions' numbers are chosen so that as many blocks as there are such
junctions cost nothing: a spanning forest, blocks in loops first. A trap of the engine pays the whole limit, so that
nobody looks at the counter there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Span(NamedTuple):
    """A block as a way from one junction to another; `is_seen`: the counter must be exact behind it."""

    begin: int
    end: int
    cost: int
    loops: int  # that it is inside of
    is_seen: bool


class Junctions:
    """Numbers of places where paths part or meet; equal ones are found out while the function is walked."""

    SETTLED = 0  # where nothing was paid in advance

    def __init__(self) -> None:
        self._parents = [self.SETTLED]

    def new(self) -> int:
        """A junction that no path has come to yet."""
        self._parents.append(len(self._parents))
        return len(self._parents) - 1

    def find(self, junction: int) -> int:
        """The one that stands for all that are equal to it."""
        parents = self._parents
        while parents[junction] != junction:
            parents[junction] = parents[parents[junction]]
            junction = parents[junction]
        return junction

    def join(self, one: int, other: int) -> None:
        """The two are one."""
        first, second = sorted((self.find(one), self.find(other)))
        self._parents[second] = first

    def __len__(self) -> int:
        return len(self._parents)


def charges(spans: Sequence[Span], junctions: Junctions) -> list[int]:
    """What each block charges; negative where others have paid too much in advance."""
    for span in spans:
        if span.is_seen:
            junctions.join(Junctions.SETTLED, span.end)
    ends = [(junctions.find(span.begin), junctions.find(span.end)) for span in spans]
    advance = _advances(spans, ends, len(junctions))
    return [
        span.cost + advance.get(end, 0) - advance.get(begin, 0) for span, (begin, end) in zip(spans, ends, strict=True)
    ]


def _advances(spans: Sequence[Span], ends: list[tuple[int, int]], count: int) -> dict[int, int]:
    """What was paid in advance at each junction, such that the blocks of a spanning forest charge nothing."""
    forest = Junctions()
    for _ in range(count - 1):
        forest.new()
    neighbours: dict[int, list[tuple[int, int]]] = {}
    order = sorted(range(len(spans)), key=lambda number: (-spans[number].loops, spans[number].is_seen, number))
    for number in order:
        begin, end = ends[number]
        if forest.find(begin) == forest.find(end):
            continue
        forest.join(begin, end)
        cost = spans[number].cost
        neighbours.setdefault(end, []).append((begin, cost))
        neighbours.setdefault(begin, []).append((end, -cost))
    advance: dict[int, int] = {}
    for root in [Junctions.SETTLED, *neighbours]:
        if root in advance:
            continue
        advance[root], waiting = 0, [root]
        while waiting:
            known = waiting.pop()
            for junction, difference in neighbours.get(known, ()):
                if junction not in advance:
                    advance[junction] = advance[known] + difference
                    waiting.append(junction)
    return advance
