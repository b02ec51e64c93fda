# tries: an import cycle
# stopped by: the front end, which knows the files that are open
# expect: refused (?s).*circle
from corten.lang import contract, message, u32
from source_import_itself import Hostile


@contract
class Hostile:
    n: u32

    @message
    def attack(self, n: u32) -> None:
        self.n = n
