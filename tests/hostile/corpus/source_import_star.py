# tries: an import of everything
# stopped by: the front end
# expect: refused E201
from corten.lang import contract, message, u32
from os import *


@contract
class Hostile:
    n: u32

    @message
    def attack(self, n: u32) -> None:
        self.n = n
