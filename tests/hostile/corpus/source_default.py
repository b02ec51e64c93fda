# tries: code in a default argument
# stopped by: the front end: nothing is executed at compile time
# expect: refused E501
from corten.lang import contract, message, u32


@contract
class Hostile:
    n: u32

    @message
    def attack(self, n: u32 = open("executed", "w")) -> None:
        self.n = n
