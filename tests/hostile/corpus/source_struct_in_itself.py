# tries: a struct that holds itself
# stopped by: the layout of types
# expect: refused E502
from corten.lang import contract, message, struct, u32


@struct
class A:
    b: "B"


@struct
class B:
    a: A


@contract
class Hostile:
    n: u32
    a: A

    @message
    def attack(self, n: u32) -> None:
        self.n = n
