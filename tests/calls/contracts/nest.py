"""A factory whose init deploys itself."""

from __future__ import annotations

from corten.lang import At, Contract, bytes32, contract, event, i64, init, message, require, u32, view


@event
class Hatched:
    depth: i64


@contract
class Nest(Contract):
    child: u32
    twin: u32
    depth: i64

    @init
    def start(self, code: bytes32, depth: i64, twins: i64, fate: i64) -> None:
        self.depth = depth
        if depth > 0:
            self.child = u32(self.deploy(Nest, code, code, depth - 1, twins, fate))
        if depth > 0 and twins > 0:
            self.twin = u32(self.deploy(Nest, code, code, depth - 1, twins, fate))
        self.emit(Hatched(depth))
        require(fate != 1 or depth != 1, "middle_rejects")
        if fate == 2 and depth == 0:
            self.depth = depth // depth

    @message
    def grow(self, code: bytes32, depth: i64, twins: i64, fate: i64) -> i64:
        """Deploys a line of `depth` nests, or with twins a tree; then asks them."""
        made = self.deploy(Nest, code, code, depth - 1, twins, fate)
        self.child = u32(made)
        return made.sum()

    @view
    def sum(self) -> i64:
        total = 1
        if self.child != 0:
            total += At[Nest](self.child).sum()
        if self.twin != 0:
            total += At[Nest](self.twin).sum()
        return total
