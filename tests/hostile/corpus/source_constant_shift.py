# tries: a constant of a million million bits
# stopped by: constant expressions are bounded
# expect: refused E303
from corten.lang import contract, message, u32

X: u32 = 1 << 10**12


@contract
class Hostile:
    n: u32

    @message
    def attack(self, n: u32) -> None:
        self.n = X
