# tries: text that a reader sees in another order
# stopped by: source has no characters that turn it
# expect: refused E100.*direction
from corten.lang import contract, message, u32


@contract
class Hostile:
    n: u32

    @message
    def attack(self, n: u32) -> None:
        self.n = n
# ‮ } ⁦ safe
