# tries: code hidden in a comment, by a declaration such as coding: utf-7
# stopped by: source is UTF-8 and nothing else
# expect: refused E100.*expected UTF-8
from corten.lang import contract, message, u32


@contract
class Hostile:
    n: u32

    @message
    def attack(self, n: u32) -> None:
        self.n = n
# +AAo-import os
