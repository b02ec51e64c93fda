# tries: code in a decorator, which CPython would run
# stopped by: the front end: nothing is executed at compile time
# expect: refused E103
from corten.lang import contract, message, u32


@(lambda kind: open("executed", "w"))
@contract
class Hostile:
    n: u32
