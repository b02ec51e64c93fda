# tries: another letter that Python reads as s
# stopped by: names are compared as Python compares them
# expect: refused E101
from corten.lang import contract, message, u32


@contract
class Hostile:
    n: u32

    @message
    def attack(self, n: u32) -> None:
        ſelf = n
