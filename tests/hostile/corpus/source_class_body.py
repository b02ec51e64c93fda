# tries: a statement in a class body
# stopped by: the front end: nothing is executed at compile time
# expect: refused E104
from corten.lang import contract, message, u32


@contract
class Hostile:
    n: u32
    open("executed", "w")

    @message
    def attack(self, n: u32) -> None:
        self.n = n
