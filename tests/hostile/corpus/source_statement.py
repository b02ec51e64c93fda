# tries: a statement at module level
# stopped by: the front end: nothing is executed at compile time
# expect: refused E101
from corten.lang import contract, message, u32
open("executed", "w")


@contract
class Hostile:
    n: u32

    @message
    def attack(self, n: u32) -> None:
        self.n = n
