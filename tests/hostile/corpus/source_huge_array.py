# tries: an array of sixteen gigabytes
# stopped by: a type's size
# expect: refused E600
from corten.lang import Array, contract, message, u32


@contract
class Hostile:
    n: u32
    a: Array[u32, 4000000000]

    @message
    def attack(self, n: u32) -> None:
        self.n = n
