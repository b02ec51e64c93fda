# tries: a constant whose value fills the memory
# stopped by: constant expressions have no powers
# expect: refused E302|E102
from corten.lang import contract, message, u32

X: u32 = 9**9**9**9


@contract
class Hostile:
    n: u32

    @message
    def attack(self, n: u32) -> None:
        self.n = X
