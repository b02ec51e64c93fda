# tries: Python's own modules
# stopped by: the front end: imports are contract files
# expect: refused E201
from corten.lang import contract, message, u32
import os


@contract
class Hostile:
    n: u32

    @message
    def attack(self, n: u32) -> None:
        self.n = n
