# tries: a file of a directory above
# stopped by: the front end: imports lie beside the file
# expect: refused E201
from corten.lang import contract, message, u32
from ...spec import wasm


@contract
class Hostile:
    n: u32

    @message
    def attack(self, n: u32) -> None:
        self.n = n
