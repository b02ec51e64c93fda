"""Random contracts: typed expressions and statements over everything the language has. A seed is a whole program.

    source, messages = generate(seed)

Loops are bounded, helpers call only earlier ones, and most arithmetic is chosen so that a message gets somewhere before
it traps.
"""

from __future__ import annotations

import random
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.compiler.vocabulary import COUNTS, DECLARATIONS, FIELDS, INTEGERS, SCALARS, STATE


@dataclass
class Helper:
    """A function or method that later ones may call."""

    name: str
    parameters: list[tuple[str, str]]
    result: str
    is_method: bool


@dataclass
class Scope:
    """What the code being written may use."""

    in_contract: bool
    locals: dict[str, str] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)  # loop variables and parameters: not reassigned
    loop: int = 0
    result: str = "None"
    budget: int = 30


class Generator:
    """Writes one program."""

    def __init__(self, choices: random.Random) -> None:
        self.random = choices
        self.helpers: list[Helper] = []
        self.names = 0
        self.scope = Scope(False)

    # ---- choices -------------------------------------------------------------------------------------------------

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def pick(self, items: Any) -> Any:
        return self.random.choice(list(items))

    def fresh(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    def integer(self, kind: str) -> int:
        bits, signed = int(kind[1:]), kind[0] == "i"
        low, high = (-(1 << (bits - 1)) if signed else 0), (1 << (bits - signed)) - 1
        if self.chance(70):
            return self.random.randrange(max(low, -20), 21)
        edges = [low, low + 1, high, high - 1, high // 2, 1, 0, 1 << (bits // 2)]
        return self.pick([edge for edge in edges if low <= edge <= high] + [self.random.randrange(low, high + 1)])

    # ---- places and names ----------------------------------------------------------------------------------------

    def paths(self, kind: str) -> list[str]:
        """Expressions that read a place or local of a type."""
        found = [name for name, known in self.scope.locals.items() if known == kind]
        roots = [(name, known) for name, known in self.scope.locals.items() if known in FIELDS]
        if self.scope.in_contract:
            found += [f"self.{name}" for name, known in STATE.items() if known == kind]
            roots += [("self.s_inner", "Inner"), ("self.s_outer", "Outer"), ("self.s_pair", "Pair[i32]")]
            index = self.random.randrange(2)
            roots += [(f"self.s_outers[{index}]", "Outer")]
            if kind == "i64":
                found.append(f"self.s_array[{self.index(5)}]")
        for root, known in roots:
            found += [path for path, other in self.fields_of(root, known) if other == kind]
        return found

    def fields_of(self, root: str, kind: str) -> list[tuple[str, str]]:
        result: list[tuple[str, str]] = []
        for name, known in FIELDS[kind].items():
            result.append((f"{root}.{name}", known))
            if known in FIELDS:
                result += self.fields_of(f"{root}.{name}", known)
            elif known == "Array[i32, 3]":
                result.append((f"{root}.{name}[{self.random.randrange(3)}]", "i32"))
        return result

    def index(self, length: int) -> str:
        if self.chance(60):
            return str(self.random.randrange(length))
        kind = self.pick(("u8", "u32", "u64", "i64"))
        inside = f"wrapping_cast({kind}, {self.expression(self.pick(INTEGERS), 1)})"
        return inside if self.chance(5) else f"{inside} % {length}" if kind[0] == "u" else f"abs({inside} % {length})"

    # ---- expressions ---------------------------------------------------------------------------------------------

    def expression(self, kind: str, depth: int) -> str:
        """An expression of a type."""
        known = self.paths(kind)
        if depth <= 0 or self.chance(20):
            return self.pick(known) if known and self.chance(75) else self.literal(kind)
        callees = [h for h in self.helpers if h.result == kind and (self.scope.in_contract or not h.is_method)]
        if callees and self.scope.loop == 0 and self.chance(15):
            return self.call(self.pick(callees), depth - 1)
        if self.chance(10):
            then, otherwise = self.expression(kind, depth - 1), self.expression(kind, depth - 1)
            return f"({then} if {self.expression('bool', depth - 1)} else {otherwise})"
        if kind in INTEGERS:
            return self.integer_expression(kind, depth)
        makers: dict[str, Callable[[int], str]] = {
            "bool": self.bool_expression, "f64": self.float_expression, "Side": self.side_expression,
            "Ticks": self.ticks_expression, "Inner": self.inner_expression, "Outer": self.outer_expression,
        }  # fmt: skip
        return makers[kind](depth)

    def nonliteral(self, kind: str, depth: int) -> str:
        """An expression that is no constant, even if its value is: a constant divisor of zero is refused."""
        return f"({self.expression(kind, depth - 1)} {'* 1' if kind == 'Ticks' else '| 0'})"

    def literal(self, kind: str) -> str:
        if kind in INTEGERS:
            return f"{kind}({self.integer(kind)})"
        if kind == "f64":
            return self.pick(("0.0", "1.5", "0.1", "-2.25", "1e300", "f64(3)", "-0.0", "RATIO", "1e-320"))
        if kind == "Ticks":
            return f"Ticks({self.integer('i64')})"
        if kind == "Inner":
            return f"Inner(a={self.integer('u16')}, b={self.integer('i128')})"
        if kind == "Outer":
            return f"Outer(x={self.integer('i64')}, t={self.literal('Ticks')})"
        return self.pick({"bool": ("True", "False"), "Side": ("Side.BUY", "Side.SELL", "Side.NONE")}[kind])

    def integer_expression(self, kind: str, depth: int) -> str:
        def sub(other: str = kind) -> str:
            return self.expression(other, depth - 1)

        other = self.pick(INTEGERS)
        bits = int(kind[1:])
        choices: list[Callable[[], str]] = [
            lambda: f"wrapping_{self.pick(('add', 'sub', 'mul'))}({sub()}, {sub()})",
            lambda: f"wrapping_{self.pick(('add', 'sub', 'mul'))}({sub()}, {sub()})",
            lambda: f"({sub()} {self.pick('&|^')} {sub()})",
            lambda: f"({sub()} {self.pick(('//', '%'))} {self.random.randrange(1, 100)})",
            lambda: f"({sub()} % max({sub()}, 1))",
            lambda: f"({sub()} >> {self.random.randrange(bits)})",
            lambda: f"wrapping_shl({sub()}, {self.random.randrange(bits)})",
            lambda: f"wrapping_cast({kind}, {sub(other)})",
            lambda: f"wrapping_cast({kind}, {sub(other)})",
            lambda: f"saturating_cast({kind}, {sub(self.pick((*INTEGERS, 'f64')))})",
            lambda: f"{self.pick(('min', 'max'))}({sub()}, {sub()}, {self.integer(kind)})",
            lambda: f"clamp({sub()}, {kind}(1), {kind}(100))",
            lambda: f"(~{sub()})",
            lambda: f"{kind}({sub('bool')})",
            lambda: f"wrapping_cast({kind}, {self.pick(COUNTS)}({sub(other)}))",
            lambda: f"wrapping_cast({kind}, hash_of({sub(self.pick((*INTEGERS, 'bool', 'Side', 'Ticks')))}))",
            lambda: f"({sub()} {self.pick(('+', '-', '*'))} {sub()})",
            lambda: f"({sub()} {self.pick(('//', '<<', '>>'))} ({sub()} | {kind}(0)))",
            lambda: f"{self.pick(('mul_div_floor', 'mul_div_ceil'))}({sub()}, {sub()}, {sub()})",
            lambda: f"{kind}({sub(self.pick((*INTEGERS, 'f64', 'Side', 'Ticks')))})",
            lambda: f"{self.pick(('-', 'abs'))}({sub()})",
        ]
        if kind == "i64":
            choices += [
                lambda: f"{sub('Inner')}.total({sub()})",
                lambda: f"({sub('Ticks')} // {self.pick(('Ticks(3)', self.nonliteral('Ticks', depth)))})",
                lambda: f"wrapping_add({sub()}, STEP)",
            ]
            if self.scope.in_contract:
                choices += [
                    lambda: f"self.s_map[{sub('u32')} % 8]",
                    lambda: f"self.s_map.get({sub('u32')} % 8, {sub()})",
                    lambda: "sum_of(self.s_vec)",
                    lambda: f"self.s_vec[{sub('u32')} % max(len(self.s_vec), 1)]",
                    lambda: f"self.s_bits.{self.pick(('first', 'last'))}()",
                ]
        if kind == "u32" and self.scope.in_contract:
            container = self.pick(("s_map", "s_vec", "s_pool", "s_bits", "s_queue", "s_array", "s_inners", "s_structs"))
            choices += [lambda: f"len(self.{container})"] * 2 + [lambda: "self.sender"]
        if kind == "i32":
            choices += [lambda: f"Pair[i32]({sub()}, second={sub()}).largest()"]
        if kind == "u16":
            choices += [lambda: f"{sub('Inner')}.checked({sub()} % 3)"]
        return self.pick(choices)()

    def bool_expression(self, depth: int) -> str:
        def sub(kind: str) -> str:
            return self.expression(kind, depth - 1)

        kind = self.pick((*INTEGERS, "f64", "Ticks"))
        compare = self.pick(("<", "<=", ">", ">=", "==", "!="))
        choices: list[Callable[[], str]] = [
            lambda: f"({sub(kind)} {compare} {sub(kind)})",
            lambda: f"({sub(kind)} {compare} {sub(kind)})",
            lambda: f"({sub(kind)} {self.pick(('<', '<='))} {sub(kind)} {compare} {sub(kind)})",
            lambda: f"({sub('Side')} {self.pick(('==', '!='))} {sub('Side')})",
            lambda: f"({sub('bool')} {self.pick(('and', 'or'))} {sub('bool')})",
            lambda: f"(not {sub('bool')})",
            lambda: f"is_nan({sub('f64')})",
            lambda: f"({sub('bool')} != {sub('bool')})",
            lambda: f"equal_keys({sub('u64')}, {sub('u64')})",
        ]
        if self.scope.in_contract:
            choices += [
                lambda: f"({sub('u32')} % 8 {self.pick(('in', 'not in'))} self.s_map)",
                lambda: f"({sub('Side')} in self.s_inners)",
                lambda: f"({sub('u32')} % 100 in self.s_bits)",
                lambda: "(self.s_handle in self.s_pool)",
            ]
        return self.pick(choices)()

    def float_expression(self, depth: int) -> str:
        def sub(kind: str = "f64") -> str:
            return self.expression(kind, depth - 1)

        choices: list[Callable[[], str]] = [
            lambda: f"({sub()} {self.pick('+-*/')} {sub()})",
            lambda: f"({sub()} {self.pick('+-*/')} {sub()})",
            lambda: f"f64({sub(self.pick(INTEGERS))})",
            lambda: f"{self.pick(('sqrt', 'floor', 'ceil', 'trunc', 'nearest', 'abs'))}({sub()})",
            lambda: f"{self.pick(('min', 'max', 'copysign'))}({sub()}, {sub()})",
            lambda: f"f64_from_bits(f64_bits({sub()}) & 0xFFEF_FFFF_FFFF_FFFF)",
            lambda: f"(-{sub()})",
            lambda: f"({sub()} * {self.random.randrange(5)})",
        ]
        return self.pick(choices)()

    def side_expression(self, depth: int) -> str:
        if self.chance(25):
            return f"Side({self.expression(self.pick(INTEGERS), depth - 1)} & 1)"
        return self.literal("Side")

    def ticks_expression(self, depth: int) -> str:
        def sub(kind: str = "Ticks") -> str:
            return self.expression(kind, depth - 1)

        choices: list[Callable[[], str]] = [
            lambda: f"Ticks(wrapping_mul({sub('i64')}, 3))",
            lambda: f"({sub()} {self.pick('+-')} {sub()})",
            lambda: f"({sub()} * {self.pick((sub('i64'), '2'))})",
            lambda: f"({sub('i64')} * {sub()})",
            lambda: f"({sub()} // {self.pick(('3', self.nonliteral('i64', depth)))})",
            lambda: f"({sub()} % Ticks({self.random.randrange(1, 50)}))",
            lambda: f"{self.pick(('min', 'max'))}({sub()}, {sub()})",
        ]
        return self.pick(choices)()

    def inner_expression(self, depth: int) -> str:
        parts = [("a", "u16"), ("b", "i128"), ("side", "Side"), ("f", "f64"), ("ok", "bool")]
        self.random.shuffle(parts)
        chosen = parts[: self.random.randrange(1, 5)]
        choices: list[Callable[[], str]] = [
            lambda: f"Inner({', '.join(f'{name}={self.expression(kind, depth - 1)}' for name, kind in chosen)})",
            lambda: f"copy({self.expression('Inner', depth - 1)})",
        ]
        if self.scope.in_contract:
            choices += [
                lambda: f"self.s_inners[{self.expression('Side', depth - 1)}]",
                lambda: "self.s_outer.place()",
                lambda: "self.s_pool[self.s_handle]",
            ]
        return self.pick(choices)()

    def outer_expression(self, depth: int) -> str:
        inner = self.expression("Inner", depth - 1)
        return f"Outer(t={self.expression('Ticks', depth - 1)}, inner={inner}, x={self.expression('i64', depth - 1)})"

    def call(self, helper: Helper, depth: int) -> str:
        arguments = [(name, self.expression(kind, depth)) for name, kind in helper.parameters]
        if self.chance(30):
            self.random.shuffle(arguments)
            text = ", ".join(f"{name}={value}" for name, value in arguments)
        else:
            text = ", ".join(value for _, value in arguments)
        return f"{'self.' if helper.is_method else ''}{helper.name}({text})"

    # ---- statements ----------------------------------------------------------------------------------------------

    def block(self, depth: int, count: int) -> list[str]:
        """Statements; what they declare is not visible afterwards."""
        before = dict(self.scope.locals)
        lines: list[str] = []
        for _ in range(count):
            if self.scope.budget <= 0:
                break
            self.scope.budget -= 1
            lines += self.statement(depth)
            if lines and lines[-1].split()[0] in ("break", "continue", "return"):
                break
        self.scope.locals = before
        return lines or ["pass"]

    def statement(self, depth: int) -> list[str]:
        choices: list[Callable[[int], list[str]]] = [
            self.declare, self.declare, self.assign_local, self.assign_local, self.augment_local, self.assign_part,
        ]  # fmt: skip
        if self.scope.in_contract:
            choices += [self.assign_state, self.assign_state, self.augment_state, self.containers, self.containers,
                        self.containers, self.emit, self.alias, self.require]  # fmt: skip
        else:
            choices += [self.require]
        if depth > 0:
            choices += [
                self.if_statement,
                self.if_statement,
                self.for_range,
                self.while_loop,
                self.match,
                self.for_each,
            ]
        if self.scope.loop:
            choices += [self.leave_loop]
        elif self.chance(30):
            choices += [self.call_helper]
        if self.chance(5):
            choices = [self.early_return]
        return self.pick(choices)(depth)

    def declare(self, depth: int) -> list[str]:
        kind = self.pick((*SCALARS, "Inner", "Outer", "i64", "u32", "f64"))
        name = self.fresh("x")
        value = self.expression(kind, 3)
        if kind in ("Inner", "Outer") and not value.startswith(("Inner(", "Outer(", "self.s_")):
            value = f"copy({value})"
        annotated = self.chance(50) or _is_ambiguous(value)
        self.scope.locals[name] = kind
        return [f"{name}: {kind} = {value}" if annotated else f"{name} = {value}"]

    def assignable(self, kinds: Any) -> list[tuple[str, str]]:
        return [(n, k) for n, k in self.scope.locals.items() if k in kinds and n not in self.scope.fixed]

    def assign_local(self, depth: int) -> list[str]:
        known = self.assignable(SCALARS)
        if not known:
            return self.declare(depth)
        name, kind = self.pick(known)
        return [f"{name} = {self.expression(kind, 3)}"]

    def augment_local(self, depth: int) -> list[str]:
        known = self.assignable((*INTEGERS, "f64"))
        if not known:
            return self.declare(depth)
        name, kind = self.pick(known)
        return [self.augmented(name, kind)]

    def augmented(self, place: str, kind: str) -> str:
        if kind == "f64":
            return f"{place} {self.pick('+-*/')}= {self.expression(kind, 2)}"
        if self.chance(40):
            return f"{place} {self.pick(('//', '%'))}= {self.random.randrange(1, 20)}"
        return f"{place} {self.pick(('&', '|', '^', '+', '-'))}= {self.expression(kind, 2)}"

    def assign_part(self, depth: int) -> list[str]:
        """A field of a struct local or parameter."""
        roots = [(n, k) for n, k in self.scope.locals.items() if k in FIELDS]
        if not roots:
            return self.declare(depth)
        parts = [part for root, kind in roots for part in self.fields_of(root, kind) if part[1] in (*SCALARS, "Inner")]
        place, kind = self.pick(parts)
        return [f"{place} = {self.expression(kind, 2)}"]

    def state_places(self) -> list[tuple[str, str]]:
        places = [(f"self.{name}", kind) for name, kind in STATE.items() if kind in (*SCALARS, "Inner", "Outer")]
        for root, kind in (("self.s_inner", "Inner"), ("self.s_outer", "Outer"), ("self.s_outers[1]", "Outer")):
            places += [part for part in self.fields_of(root, kind) if part[1] in (*SCALARS, "Inner")]
        return [*places, (f"self.s_array[{self.index(5)}]", "i64"), (f"self.s_outers[{self.index(2)}]", "Outer")]

    def assign_state(self, depth: int) -> list[str]:
        place, kind = self.pick(self.state_places())
        return [f"{place} = {self.expression(kind, 3)}"]

    def augment_state(self, depth: int) -> list[str]:
        place, kind = self.pick([part for part in self.state_places() if part[1] in (*INTEGERS, "f64")])
        return [self.augmented(place, kind)]

    def alias(self, depth: int) -> list[str]:
        """A local that is a reference into state."""
        name = self.fresh("r")
        place, kind = self.pick((("self.s_inner", "Inner"), ("self.s_outer", "Outer"), ("self.s_outers[0]", "Outer"),
                                 ("self.s_outer.inner", "Inner"), ("self.s_outer.place()", "Inner"),
                                 (f"self.s_inners[{self.literal('Side')}]", "Inner")))  # fmt: skip
        self.scope.locals[name] = kind
        self.scope.fixed.add(name)
        return [f"{name} = {place}"]

    def containers(self, depth: int) -> list[str]:
        def sub(kind: str) -> str:
            return self.expression(kind, 2)

        key = f"{sub('u32')} % 8"
        choices: list[Callable[[], list[str]]] = [
            lambda: [f"self.s_map[{key}] = {sub('i64')}"],
            lambda: [f"self.s_map[{key}] {self.pick('+-^')}= {sub('i64')}"],
            lambda: [f"if {(k := self.random.randrange(8))} in self.s_map:", f"    del self.s_map[{k}]"],
            lambda: [f"del self.s_map[{key}]"],
            lambda: [f"self.s_vec.append({sub('i64')})"],
            lambda: [f"self.s_bytes.append({sub('u8')})"],
            lambda: [f"self.s_structs.append({sub('Inner')})"],
            lambda: ["if len(self.s_vec) > 3:", "    self.s_i64 = self.s_vec.pop()"],
            lambda: ["self.s_vec.clear()"],
            lambda: ["if len(self.s_vec) > 0:", f"    self.s_vec[{sub('u32')} % len(self.s_vec)] = {sub('i64')}"],
            lambda: ["if len(self.s_structs) > 0:", f"    self.s_structs[0].a = {sub('u16')}"],
            lambda: [f"self.s_inners[{sub('Side')}] = {sub('Inner')}"],
            lambda: [f"self.s_inners[{sub('Side')}].{self.pick(('a', 'a'))} = {sub('u16')}"],
            lambda: [f"self.s_handle = self.s_pool.insert({sub('Inner')})"],
            lambda: ["if self.s_handle in self.s_pool:", "    self.s_pool.remove(self.s_handle)"],
            lambda: ["if self.s_handle in self.s_pool:", f"    self.s_pool[self.s_handle].b = {sub('i128')}"],
            lambda: [f"self.s_bits.{self.pick(('add', 'add', 'remove'))}({sub('u32')} % 100)"],
            lambda: [f"self.s_queue.push({sub('i64')}, {sub('i32')})"],
            lambda: [
                "if len(self.s_queue) > 0:",
                "    self.s_i64 = self.s_queue.peek_key()",
                "    self.s_i32 = self.s_queue.pop()",
            ],
        ]
        return self.pick(choices)()

    def emit(self, depth: int) -> list[str]:
        if self.chance(50):
            values = [self.expression(kind, size) for kind, size in (("u32", 1), ("i64", 2), ("Inner", 1))]
            return [f"self.emit(Note({', '.join(values)}))"]
        f, side, wide = (self.expression(kind, 2) for kind in ("f64", "Side", "i128"))
        return [f"self.emit(Mark(f={f}, side={side}, wide={wide}))"]

    def require(self, depth: int) -> list[str]:
        if self.chance(70):
            return [f'require({self.expression("bool", 2)} or True, "{self.fresh("never")}")']
        return [f'require({self.expression("bool", 2)}, "{self.fresh("error")}")']

    def nested(self, depth: int, count: int = 3) -> list[str]:
        return ["    " + line for line in self.block(depth - 1, self.random.randrange(1, count + 1))]

    def if_statement(self, depth: int) -> list[str]:
        lines = [f"if {self.expression('bool', 3)}:", *self.nested(depth)]
        if self.chance(30):
            lines += [f"elif {self.expression('bool', 2)}:", *self.nested(depth)]
        if self.chance(50):
            lines += ["else:", *self.nested(depth)]
        return lines

    def for_range(self, depth: int) -> list[str]:
        kind = self.pick(INTEGERS)
        name, step = self.fresh("k"), self.pick((1, 1, 1, 2, 3, -1, -2, 100))
        high = (1 << (int(kind[1:]) - (kind[0] == "i"))) - 1
        start, stop = self.random.randrange(0, 4), self.random.randrange(0, 7)
        if self.chance(15):
            start, stop = high - 3, high
        if step < 0:
            start, stop = stop, start
        self.scope.locals[name] = kind
        self.scope.fixed.add(name)
        self.scope.loop += 1
        body = self.nested(depth)
        self.scope.loop -= 1
        del self.scope.locals[name]
        bounds = f"{kind}({start}), {stop}" + (f", {step}" if step != 1 else "")
        return [f"for {name} in range({bounds}):", *body]

    def while_loop(self, depth: int) -> list[str]:
        name = self.fresh("n")
        endless = self.chance(30)
        self.scope.locals[name] = "u32"
        self.scope.fixed.add(name)
        self.scope.loop += 1
        body = self.nested(depth)
        self.scope.loop -= 1
        del self.scope.locals[name]
        limit = self.random.randrange(1, 5)
        if endless:
            return [
                f"{name} = u32(0)",
                "while True:",
                f"    {name} += 1",
                f"    if {name} > {limit}:",
                "        break",
                *body,
            ]
        return [f"{name} = u32(0)", f"while {name} < {limit}:", f"    {name} += 1", *body]

    def for_each(self, depth: int) -> list[str]:
        name = self.fresh("e")
        values = [(path, "Array[i32, 3]") for path in self.paths("Array[i32, 3]")]
        if self.scope.in_contract:
            values += [
                ("self.s_array", "Array[i64, 5]"),
                ("self.s_outers", "Array[Outer, 2]"),
                ("self.s_bytes", "Vec[u8]"),
            ]
        if not values:
            return self.for_range(depth)
        path, kind = self.pick(values)
        element = kind.partition("[")[2].removesuffix("]").partition(",")[0]
        self.scope.locals[name] = element
        self.scope.fixed.add(name)
        self.scope.loop += 1
        before, self.scope.budget = self.scope.budget, min(self.scope.budget, 4)
        grows = path == "self.s_bytes"  # appending to it in the loop would never end
        known = dict(self.scope.locals)
        body = ["    " + line for line in self.declare(0)] if grows else self.nested(depth)
        self.scope.locals = known
        self.scope.budget = before
        self.scope.loop -= 1
        del self.scope.locals[name]
        return [f"for {name} in {path}:", *body]

    def match(self, depth: int) -> list[str]:
        if self.chance(50):
            lines = [f"match {self.expression('Side', 2)}:"]
            cases = ["Side.BUY", "Side.SELL", "Side.NONE"] if self.chance(50) else ["Side.BUY | Side.SELL", "_"]
        else:
            kind = self.pick(INTEGERS)
            lines = [f"match {self.expression(kind, 2)}:"]
            cases = ["0", "1 | 2", f"3 if {self.expression('bool', 2)}", "_"][: self.random.randrange(1, 5)]
        for case in cases:
            lines += [f"    case {case}:", *["    " + line for line in self.nested(depth, 2)]]
        return lines

    def leave_loop(self, depth: int) -> list[str]:
        return [f"if {self.expression('bool', 2)}:", f"    {self.pick(('break', 'continue'))}"]

    def call_helper(self, depth: int) -> list[str]:
        known = [helper for helper in self.helpers if self.scope.in_contract or not helper.is_method]
        return [self.call(self.pick(known), 2)] if known else ["pass"]

    def early_return(self, depth: int) -> list[str]:
        return [f"if {self.expression('bool', 2)}:", f"    {self.returned()}"]

    def returned(self) -> str:
        if self.scope.result == "None":
            return "return"
        return f"return {self.expression(self.scope.result, 3)}"

    # ---- functions -----------------------------------------------------------------------------------------------

    def function(self, name: str, is_method: bool, decorator: str = "") -> str:
        parameter_kinds = (*SCALARS, "Inner", "i64") if decorator != "@view" else SCALARS
        parameters = [(self.fresh("p"), self.pick(parameter_kinds)) for _ in range(self.random.randrange(0, 4))]
        result = self.pick((*SCALARS, "None", "Inner", "i64", "u32", "i64"))
        self.scope = Scope(is_method, dict(parameters), {n for n, _ in parameters}, 0, result, 25 if decorator else 10)
        lines = self.block(3, self.random.randrange(2, 8))
        self.scope.locals = dict(parameters)
        if lines[-1] != "return" and not lines[-1].startswith("return "):
            lines.append(self.returned())
        text = ", ".join((["self"] if is_method else []) + [f"{n}: {k}" for n, k in parameters])
        hint = decorator or self.pick(("", "", "", "@inline", "@no_inline"))
        head = ([hint] if hint else []) + [f"def {name}({text}) -> {result}:"]
        if not decorator:
            self.helpers.append(Helper(name, parameters, result, is_method))
        else:
            self.messages.append((name, parameters))
        return "\n".join([*head, *["    " + line for line in lines]]) + "\n"

    def program(self) -> tuple[str, list[tuple[str, list[tuple[str, str]]]]]:
        """Source, and the messages with their parameters."""
        self.messages: list[tuple[str, list[tuple[str, str]]]] = []
        functions = [self.function(f"helper{i}", False) for i in range(self.random.randrange(1, 4))]
        methods = [self.function(f"method{i}", True) for i in range(self.random.randrange(1, 4))]
        methods += [self.function(f"message{i}", True, "@message") for i in range(3)]
        fields = "\n".join(f"{name}: {kind}" for name, kind in STATE.items())
        body = textwrap.indent(fields + "\n\n" + "\n".join(methods), "    ")
        source = DECLARATIONS + "\n" + "\n".join(functions) + f"\n@contract\nclass Subject(Contract):\n{body}"
        return source, self.messages

    def argument(self, kind: str) -> Any:
        """A value for a message's parameter."""
        if kind in INTEGERS:
            return self.integer(kind)
        if kind == "Inner":
            return {n: self.argument(k) for n, k in FIELDS["Inner"].items()}
        return self.pick(
            {"bool": (True, False), "f64": (0.0, -1.5, 1e10, 0.3, -0.0), "Side": (0, 1, 7), "Ticks": (0, 5, -3, 10**9)}[
                kind
            ]
        )


def _is_ambiguous(value: str) -> bool:
    """Whether a value is a literal, or chosen among literals: such a local is annotated."""
    return value[:1].isdigit() or value[:1] == "-" or " if " in value


def generate(seed: int | random.Random, rounds: int = 4) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
    """A contract's source (without its imports), and messages to send it. Hypothesis may make the choices."""
    generator = Generator(random.Random(seed) if isinstance(seed, int) else seed)
    source, messages = generator.program()
    return source, [
        (name, {parameter: generator.argument(kind) for parameter, kind in parameters})
        for _ in range(rounds)
        for name, parameters in messages
    ]
