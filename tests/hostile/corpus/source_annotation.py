# tries: code in an annotation
# stopped by: the front end: nothing is executed at compile time
# expect: refused E305
from corten.lang import contract, message, u32


@contract
class Hostile:
    n: u32
    m: __import__("os").system("touch executed")

    @message
    def attack(self, n: u32) -> None:
        self.n = n
