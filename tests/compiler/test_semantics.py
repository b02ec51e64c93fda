"""What programs mean, on every backend: references and copies, order of evaluation, control flow, generics, rejects."""

# Programs stand in tables, a line each.
# ruff: noqa: E501, ISC004

from __future__ import annotations

import itertools

import pytest

from corten.base.errors import Status, TrapCode
from tests.compiler.harness import Case, contract

STRUCTS = """
@struct
class Point:
    x: i64
    y: i64 = 7

    def moved(self, by: i64) -> Point:
        return Point(self.x + by, self.y)

    def move(self, by: i64) -> None:
        self.x += by

    def own(self) -> Ref[Point]:
        return self

    def coordinate(self, second: bool) -> Ref[i64]:
        if second:
            return self.y
        return self.x

@struct
class Line:
    start: Point
    end: Point
    weights: Array[u8, 3]

def touched(p: Point) -> i64:
    p.x += 100
    return p.x

def replaced(p: Point) -> i64:
    p = Point(1, 2)
    p.x += 5
    return p.x
"""
STATE = (
    "p: Point\nq: Point\nline: Line\nlines: Array[Line, 2]\nn: i64\nlog: Vec[i64]\nm: Map[u32, i64]\npoints: Vec[Point]"
)


def run(lines: str, declarations: str = STRUCTS, state: str = STATE, more: str = "") -> object:
    """The result of a message `run` with these lines."""
    body = "@message\ndef run(self) -> i64:\n" + "\n".join(f"    {line}" for line in lines.strip().splitlines())
    return Case(contract(f"{more}\n{body}\n", declarations, state)).result("run")


# ---- references and copies ---------------------------------------------------------------------------------------

REFERENCES = {
    "local of state is a reference": ("r = self.p\nr.x = 5\nreturn self.p.x", 5),
    "storing copies": ("a = Point(1)\nself.p = a\na.x = 9\nreturn self.p.x", 1),
    "state to state copies": ("self.p.x = 3\nself.q = self.p\nself.p.x = 4\nreturn self.q.x", 3),
    "self assignment": ("self.p.x = 3\nself.p = self.p\nreturn self.p.x", 3),
    "parameter is a reference": ("a = Point(1)\nt = touched(a)\nreturn a.x * 1000 + t", 101101),
    "parameter of state": ("t = touched(self.line.end)\nreturn self.line.end.x + t", 200),
    "rebinding a parameter": ("a = Point(50)\nt = replaced(a)\nreturn a.x * 100 + t", 5006),
    "result is a copy": ("a = self.p.moved(3)\na.x += 1\nreturn self.p.x * 100 + a.x", 4),
    "method changes its place": ("self.p.move(4)\na = self.p.moved(0)\na.move(10)\nreturn self.p.x * 100 + a.x", 414),
    "Ref result is the place": ("r = self.p.own()\nr.x = 6\nreturn self.p.x", 6),
    "Ref of a scalar": ("self.p.x = 8\nreturn self.p.coordinate(False) + self.p.coordinate(True)", 8),
    "defaults": ("a = Point(x=1)\nb = Point()\nreturn a.y * 10 + b.y", 77),
    "nested store copies": ("self.line.start = Point(3, 4)\na = copy(self.line)\nself.line.start.x = 9\nreturn a.start.x", 3),
    "nested constructor copies": ("a = Point(3)\nb = Line(start=a)\na.x = 4\nreturn b.start.x", 3),
    "array elements are places": ("r = self.lines[1]\nr.weights[2] = 5\nreturn i64(self.lines[1].weights[2])", 5),
    "local array": ("a = Array[i64, 4]()\na[1] = 5\na[2] = a[1] + 1\nreturn a[0] + a[1] + a[2]", 11),
    "array store copies": ("a = Array[u8, 3]()\na[0] = 1\nself.line.weights = a\na[0] = 2\nreturn i64(self.line.weights[0])", 1),
    "append copies": ("a = Point(3)\nself.points.append(a)\na.x = 4\nreturn self.points[0].x", 3),
    "element of Vec is a place": ("self.points.append(Point(1))\nself.points[0].x += 5\nreturn self.points[0].x", 6),
    "constructor reads before it writes": ("a = Point(1, 2)\na = Point(a.y, a.x)\nreturn a.x * 10 + a.y", 21),
    "result into its own argument": ("a = Point(1, 2)\nfor i in range(3):\n    a = a.moved(a.y)\nreturn a.x", 7),
    "fresh value in each turn": (
        "total = 0\nfor i in range(3):\n    a = Point(i)\n    a.move(1)\n    total = total * 10 + a.x\nreturn total", 123,
    ),
    "copy in a loop": (
        "kept = Point(0)\nfor i in range(4):\n    a = Point(i)\n    if i == 1:\n        kept = copy(a)\nreturn kept.x", 1,
    ),
    "chosen place": ("r = self.p if self.n == 0 else self.q\nr.x = 3\nreturn self.p.x * 10 + self.q.x", 30),
    "argument evaluated before a later one changes it": (
        "self.p.x = 1\na = Line(start=self.p, end=self.bumped())\nreturn a.start.x * 10 + a.end.x", 22,
    ),
}  # fmt: skip
BUMPED = "def bumped(self) -> Point:\n    self.p.x += 1\n    return self.p\n"


@pytest.mark.parametrize("name", REFERENCES)
def test_references(name: str) -> None:
    lines, expected = REFERENCES[name]
    assert run(lines, more=BUMPED) == expected


# ---- order of evaluation -----------------------------------------------------------------------------------------

NOTED = "def note(self, x: i64) -> i64:\n    self.log.append(x)\n    return x\n"
SUM = "def three(a: i64, b: i64, c: i64 = 4) -> i64:\n    return a * 100 + b * 10 + c\n"
ORDERS = {
    "operands": "y = self.note(1) + self.note(2) * self.note(3)",
    "arguments": "y = three(self.note(1), self.note(2), self.note(3))",
    "keywords as written": "y = three(c=self.note(1), a=self.note(2), b=self.note(3))",
    "mixed": "y = three(self.note(1), c=self.note(2), b=self.note(3))",
    "fields as written": "y = Point(y=self.note(1), x=self.note(2)).x + self.note(3)",
    "value before target": "self.array[self.note(2)] = self.note(1)",
    "value before key": "self.m[u32(self.note(2))] = self.note(1)",
    "element then value": "self.array[self.note(1)] += self.note(2)",
    "key then value": "self.m[u32(self.note(1))] += self.note(2)",
    "chain stops": "y = self.note(3) < self.note(2) < self.note(1)",
    "chain goes on": "y = self.note(1) < self.note(2) < self.note(3)",
    "and stops": "y = self.note(1) > 1 and self.note(2) > 1",
    "or stops": "y = self.note(1) > 0 or self.note(2) > 1",
    "conditional": "y = self.note(2) if self.note(1) > 0 else self.note(3)",
    "minimum": "y = min(self.note(3), self.note(1), self.note(2))",
    "range": "for i in range(self.note(1), self.note(4), 2):\n    self.note(i)",
    "item before container": "y = u32(self.note(1)) in self.chosen(2).m2",
    "match subject once": "match self.note(2):\n    case 1 | 3:\n        self.note(9)\n    case 2 if self.note(5) > 6:\n        self.note(6)\n    case _:\n        self.note(7)",
    "event fields": "self.emit(Seen(b=self.note(1), a=self.note(2)))",
    "for over a call": "for x in self.chosen(1).values:\n    self.note(x)",
}


@pytest.mark.parametrize("name", ORDERS)
def test_order_of_evaluation(name: str) -> None:
    body = "\n".join(f"    {line}" for line in ORDERS[name].splitlines())
    entries = (
        NOTED + "def chosen(self, x: i64) -> Ref[Holder]:\n    self.log.append(x)\n    return self.holder\n"
        f"@message\ndef run(self) -> None:\n{body}\n@view\ndef seen(self, i: u32) -> i64:\n    return self.log[i]\n"
    )
    declarations = STRUCTS + SUM + "@event\nclass Seen:\n    a: i64\n    b: i64\n"
    declarations += "@struct\nclass Holder:\n    m2: Map[u32, i64]\n    values: Array[i64, 2]\n"
    state = STATE + "\narray: Array[i64, 8]\nholder: Holder"
    case = Case(contract(entries, declarations, state))
    assert case.send("run").accepted  # the logs are state: all backends have the same


def test_a_value_that_removes_the_key() -> None:
    """`m[k] += f()` gets and then sets, whatever f does to the map in between."""
    entries = """
def remove(self, k: u32) -> i64:
    del self.m[k]
    self.m[k + 1] = 5
    return 3

@message
def run(self, k: u32) -> i64:
    self.m[k] = 10
    self.m[k] += self.remove(k)
    return self.m[k]
"""
    case = Case(contract(entries, state="m: Map[u32, i64]"))
    assert [case.result("run", k=k) for k in (1, 2, 1)] == [13, 13, 13]


# ---- control flow ------------------------------------------------------------------------------------------------

FLOW = {
    "break": ("t = 0\nfor i in range(10):\n    if i == 3:\n        break\n    t += i\nreturn t", 3),
    "continue": ("t = 0\nfor i in range(6):\n    if i % 2 == 0:\n        continue\n    t += i\nreturn t", 9),
    "nested": (
        "t = 0\nfor i in range(4):\n    for j in range(4):\n        if j > i:\n            break\n        if j == 1:\n"
        "            continue\n        t += 10 * i + j\nreturn t", 147,
    ),
    "while with continue": ("i = 0\nt = 0\nwhile i < 5:\n    i += 1\n    if i == 2:\n        continue\n    t += i\nreturn t", 13),
    "while True": ("i = 0\nwhile True:\n    i += 1\n    if i > 6:\n        break\nreturn i", 7),
    "return from a loop": ("while True:\n    for i in range(3):\n        if i == 2:\n            return i", 2),
    "changed limit": ("n = 3\nt = 0\nfor i in range(n):\n    n += 1\n    t += 1\nreturn t", 3),
    "changed variable": ("t = 0\nfor i in range(3):\n    t += i\n    i = 100\nreturn t", 3),
    "empty range": ("t = 0\nfor i in range(5, 3):\n    t += 1\nfor i in range(3, 3):\n    t += 1\nreturn t", 0),
    "backwards": ("t = 0\nfor i in range(5, 0, -2):\n    t = t * 10 + i\nreturn t", 531),
    "growing Vec": (
        "self.log.append(3)\nt = 0\nfor x in self.log:\n    t += x\n    if x > 0:\n        self.log.append(x - 1)\nreturn t", 6,
    ),
    "elif": ("t = 0\nfor i in range(4):\n    if i == 0:\n        t += 1\n    elif i == 1:\n        t += 10\n    else:\n        t += 100\nreturn t", 211),
    "match in a loop": (
        "t = 0\nfor i in range(5):\n    match i:\n        case 0 | 1:\n            continue\n        case 2 if t > 100:\n            t += 1000\n"
        "        case 4:\n            break\n        case _:\n            t += i\nreturn t", 5,
    ),
    "match on bool": ("match self.n == 0:\n    case True:\n        return 1\n    case False:\n        return 2", 1),
    "assert holds": ("assert self.n == 0\nreturn 1", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", FLOW)
def test_control_flow(name: str) -> None:
    lines, expected = FLOW[name]
    assert run(lines) == expected


@pytest.mark.parametrize("kind", ["u8", "i8", "u64", "i64", "i128"])
def test_ranges_at_the_ends_of_types(kind: str) -> None:
    """A loop ends although its counter could not go on."""
    bits, signed = int(kind[1:]), kind[0] == "i"
    low, high = (-(1 << (bits - 1)) if signed else 0), (1 << (bits - signed)) - 1
    steps = [1, 2, 3, 100, high, -1, -2, -100]
    entries = "".join(
        f"@message\ndef run{i}(self, a: {kind}, b: {kind}) -> {kind}:\n    t: {kind} = 0\n    count: u32 = 0\n"
        f"    for x in range(a, b, {step}):\n        t = wrapping_add(wrapping_mul(t, 3), x)\n        count += 1\n"
        f"        if count == 9:\n            break\n    return t\n"
        for i, step in enumerate(steps)
    )
    case = Case(contract(entries))
    ends = [low, low + 1, low + 3, 0, high - 3, high - 1, high]
    for (i, step), (a, b) in itertools.product(enumerate(steps), itertools.product(ends, repeat=2)):
        total = 0
        for x in itertools.islice(range(a, b, step), 9):
            total = total * 3 + x
        wrapped = total & ((1 << bits) - 1)
        assert case.result(f"run{i}", a=a, b=b) == (wrapped - (1 << bits) if wrapped > high else wrapped)


# ---- rejects -----------------------------------------------------------------------------------------------------

REJECTS = """
def nothing(x: i64) -> None:
    require(x != 1, "one")

def scalar(x: i64) -> i64:
    nothing(x)
    require(x != 2, "two")
    return x * 10

def wide(x: i64) -> i128:
    require(x != 3, "three")
    return i128(x) << 70

def flag(x: i64) -> bool:
    require(x != 4, "four")
    return x > 2

def point(x: i64) -> Point:
    require(x != 5, "five")
    return Point(scalar(x))

def place(p: Point, x: i64) -> Ref[Point]:
    require(x != 6, "six")
    return p

def key(x: i64) -> bytes32:
    require(x != 7, "seven")
    return bytes32(u64(x), 0, 0, 1)

def number(x: i64) -> f64:
    require(x != 8, "eight")
    return f64(x) / 4.0
"""


def test_rejects_come_through_every_kind_of_result() -> None:
    body = """
@message
def run(self, x: i64) -> i64:
    self.n += 1
    self.p.x = 77
    total = scalar(x) + i64(wide(x) >> 70)
    if flag(x) and key(x) == key(x):
        total += point(x).x
    place(self.q, x).x += total
    self.log.append(total)
    return total + i64(number(x))
"""
    case = Case(contract(body, STRUCTS + REJECTS, STATE))
    for x in range(1, 9):
        outcome = case.send("run", x=x)
        assert (outcome.status, outcome.code) == (Status.REJECTED, x)
        assert outcome.events == ()
    assert case.result("run", x=0) == 0
    assert case.result("run", x=9) == 90 + 9 + 90 + 2


def test_a_trap_leaves_nothing_behind() -> None:
    body = "@message\ndef run(self, x: i64) -> None:\n    self.n = x\n    self.log.append(x)\n    assert x < 3\n    self.log[u32(9)] = x\n"
    case = Case(contract(body, STRUCTS, STATE))
    assert case.send("run", x=1).code == TrapCode.INDEX_OUT_OF_RANGE
    assert case.send("run", x=3).code == TrapCode.ASSERTION_FAILED


def test_error_names_are_numbered_in_source_order_imported_files_first() -> None:
    library = 'from corten.lang import i64, require\n\ndef checked(x: i64) -> i64:\n    require(x > 0, "from_library")\n    return x\n'
    source = "from library import checked as tested\n" + contract(
        '@message\ndef run(self, x: i64) -> i64:\n    require(x != 5, "five")\n    require(x != 6, "six")\n    require(x != 7, "five")\n    return tested(x)\n'
    )
    case = Case(source, files={"library.py": library})
    assert [case.send("run", x=x).code for x in (-1, 5, 6, 7, 8)] == [1, 2, 3, 2, 0]


# ---- generics and imports ----------------------------------------------------------------------------------------


def test_own_containers_and_generic_functions() -> None:
    declarations = """
T = TypeVar("T")
K = TypeVar("K")

@struct
class Ring(Generic[T]):
    begin: u32
    count: u32
    items: Array[T, 4]

    def push(self, value: T) -> None:
        require(self.count < len(self.items), "ring_full")
        self.items[(self.begin + self.count) % 4] = value
        self.count += 1

    def shift(self) -> T:
        require(self.count > 0, "ring_empty")
        value = self.items[self.begin]
        self.begin = (self.begin + 1) % 4
        self.count -= 1
        return value

    def __len__(self) -> u32:
        return self.count

    def __getitem__(self, i: u32) -> Ref[T]:
        check_index(i, self.count)
        return self.items[(self.begin + i) % 4]

@struct
class Entry(Generic[K, T]):
    key: K
    value: T

def largest(a: T, b: T) -> T:
    return a if a > b else b

def total(ring: Ring[T], start: T) -> T:
    for value in ring:
        start += value
    return start

def value_of(entry: Entry[K, T]) -> T:
    return entry.value

def swapped(entry: Entry[K, T]) -> Entry[T, K]:
    return Entry[T, K](entry.value, entry.key)
"""
    body = """
@message
def push(self, x: i64) -> i64:
    self.numbers.push(x)
    self.entries.push(Entry[u8, i64](u8(x), x))
    return total(self.numbers, largest(x, 5))

@message
def shift(self) -> i64:
    entry = self.entries.shift()
    other = swapped(entry)
    return self.numbers.shift() * 100 + value_of(entry) + i64(value_of(other))

@view
def at(self, i: u32) -> i64:
    return self.numbers[i] + self.entries[i].value
"""
    case = Case(contract(body, declarations, "numbers: Ring[i64]\nentries: Ring[Entry[u8, i64]]"))
    assert [case.result("push", x=x) for x in (1, 2, 9, 4)] == [5 + 1, 5 + 3, 9 + 12, 5 + 16]
    assert case.send("push", x=1).code == 1
    assert case.result("at", i=2) == 18
    assert case.result("shift") == 102
    assert case.send("at", i=3).code == TrapCode.INDEX_OUT_OF_RANGE
    assert case.result("push", x=7) == 7 + 22


def test_imports_between_files() -> None:
    units = "from corten.lang import Enum, Unit, i64, struct\n\nSCALE = 100\nLIMIT: i64 = SCALE * 3\n\nclass Ticks(Unit[i64]): ...\n\nclass Side(Enum):\n    BUY = 0\n    SELL = 1\n"
    library = (
        "from corten.lang import i64, struct\nfrom units import LIMIT, SCALE, Side, Ticks\n\n@struct\nclass Quote:\n    price: Ticks\n"
        "    side: Side\n    size: i64 = SCALE\n\ndef made(price: i64, size: i64 = SCALE) -> Quote:\n"
        "    return Quote(price=Ticks(price) * 2, side=Side.SELL if price > LIMIT else Side.BUY, size=size)\n"
    )
    source = "from library import Quote, made\nfrom units import Side, SCALE as HUNDRED\n" + contract(
        "@message\ndef run(self, p: i64) -> Quote:\n    SCALE = 3\n    self.q = made(p)\n    if self.q.side == Side.SELL:\n"
        "        self.q.size += HUNDRED + SCALE\n    return self.q\n",
        state="q: Quote",
    )
    case = Case(source, files={"units.py": units, "library.py": library})
    assert case.result("run", p=10) == (20, 0, 100)
    assert case.result("run", p=301) == (602, 1, 203)


# ---- entries and events ------------------------------------------------------------------------------------------


def test_entries_of_every_type() -> None:
    declarations = STRUCTS + "class Side(Enum):\n    BUY = 0\n    SELL = 3\nclass Ticks(Unit[u16]): ...\n"
    kinds = {
        "u8": 200, "i8": -100, "u16": 60000, "i16": -30000, "u32": 4_000_000_000, "i32": -2_000_000_000, "u64": 2**64 - 3,
        "i64": -(2**63), "i128": -(2**127) + 5, "bool": True, "f64": -0.1, "bytes32": bytes(range(32)), "Side": 3,
        "Ticks": 65535, "Point": {"x": -1, "y": 2}, "Array[i16, 3]": [1, -2, 3],
        "Line": {"start": {"x": 1, "y": 2}, "end": {"x": 3, "y": 4}, "weights": [5, 6, 7]}, "Array[Point, 2]": [{"x": 1, "y": 2}] * 2,
        "Array[u8, 100]": list(range(100)),
    }  # fmt: skip
    body = "".join(
        f"@message\ndef same{i}(self, before: u8, x: {kind}, after: u8) -> {kind}:\n    self.s{i} = x\n    return self.s{i}\n"
        for i, kind in enumerate(kinds)
    )
    state = "\n".join(f"s{i}: {kind}" for i, kind in enumerate(kinds))
    case = Case(contract(body, declarations, state))
    from tests.compiler.harness import plain

    for i, value in enumerate(kinds.values()):
        assert case.result(f"same{i}", before=1, x=value, after=2) == plain(value)


def test_small_and_large_events() -> None:
    declarations = (
        "@struct\nclass Part:\n    a: u8\n    b: i128\n    c: Array[i16, 5]\n@event\nclass Small:\n    part: Part\n    ok: bool\n    f: f64\n"
        "@event\nclass Large:\n    parts: Array[Part, 12]\n    last: u8\n@event\nclass Empty: ...\n"
    )
    body = """
@message
def run(self, x: i16) -> Array[Part, 12]:
    self.emit(Empty())
    part = Part(a=3, b=-5)
    part.c[4] = x
    self.emit(Small(part, x > 3, f64(x) / 3.0))
    parts = Array[Part, 12]()
    parts[11] = part
    self.parts = parts
    self.emit(Large(parts, 9))
    self.emit(Large(last=1, parts=self.parts))
    return parts
"""
    case = Case(contract(body, declarations, "parts: Array[Part, 12]"))
    outcome = case.send("run", x=-2)
    assert [name for name, _ in outcome.events] == ["Empty", "Small", "Large", "Large"]
    assert outcome.events[2][1][0][11] == (3, -5, (0, 0, 0, 0, -2))
    assert outcome.result == outcome.events[3][1][0]


def test_units() -> None:
    declarations = "class Ticks(Unit[i64]): ...\nTICK: Ticks = Ticks(5)\n"
    body = """
@message
def run(self, t: Ticks, n: i64) -> i64:
    a = t * n + n * t + TICK * 2 - 3 * TICK
    b = a // 7 + a % Ticks(4) + abs(-t) + min(t, a, 3)
    a *= 2
    a //= 3
    a += 1
    return i64(b) * 1000 + a // t + b // TICK
"""
    case = Case(contract(body, declarations))
    for t, n in [(3, 4), (-7, 2), (1, -9)]:
        a = t * n + n * t + 10 - 15
        b = a // 7 + a % 4 + abs(t) + min(t, a, 3)
        assert case.result("run", t=t, n=n) == b * 1000 + (a * 2 // 3 + 1) // t + b // 5
    assert case.send("run", t=0, n=3).code == TrapCode.DIVISION_BY_ZERO
    assert case.send("run", t=2**62, n=3).code == TrapCode.INTEGER_OVERFLOW


def test_message_header() -> None:
    body = "@message\ndef run(self) -> u32:\n    return self.sender\n"
    case = Case(contract(body))
    assert [case.result("run", sender=sender) for sender in (0, 7, 2**31 - 1)] == [0, 7, 2**31 - 1]


def test_init_runs_once() -> None:
    body = "@init\ndef start(self, x: i64) -> None:\n    self.n = x\n@view\ndef read(self) -> i64:\n    return self.n\n"
    assert Case(contract(body, state="n: i64"), x=41).result("read") == 41


def test_functions_of_the_language_go_by_another_name() -> None:
    source = "from corten.lang import wrapping_add as plus, sqrt as root\n" + contract(
        "@message\ndef run(self, a: u32, x: f64) -> f64:\n    return root(x) + f64(plus(a, 4294967295))\n"
    )
    assert Case(source).result("run", a=3, x=16.0) == "0x4018000000000000"  # 6.0
