"""Scripts of the WebAssembly specification tests (`.wast`); Wasmtime's wat2wasm reads their modules and constants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import wasmtime

from corten.wasm.opcodes import F32, F64, I32, I64, TYPE_BYTES, V128
from corten.wasm.reader import read_module

TYPES = {"i32": I32, "i64": I64, "f32": F32, "f64": F64, "v128": V128}
TOKEN = re.compile(r'\s+|;;[^\n]*|(?P<open>\()|(?P<close>\))|(?P<text>"(?:\\.|[^"\\])*")|(?P<atom>[^\s()";]+)')
QUIET_NANS = {"nan:canonical": "canonical", "nan:arithmetic": "arithmetic"}


class UnknownScriptError(Exception):
    """Something that this reader, or wat2wasm, does not know."""


@dataclass
class Node:
    """A parenthesis; `items` are nodes and atoms, strings with their quotes; `source` is its text."""

    items: list[Node | str] = field(default_factory=list)
    source: str = ""

    @property
    def head(self) -> str:
        first = self.items[0] if self.items else ""
        return first if isinstance(first, str) else ""

    def nodes(self) -> list[Node]:
        return [item for item in self.items if isinstance(item, Node)]

    def atoms(self) -> list[str]:
        return [item for item in self.items if isinstance(item, str)]


Pattern: TypeAlias = tuple[int, tuple[int | str, ...]]
"""Bits of a lane, and per lane its bits or `canonical` or `arithmetic`, a class of NaNs."""


@dataclass(frozen=True)
class Action:
    """A call of an export (`arguments` as bits), or a look at a global (None)."""

    module: str | None
    name: str
    arguments: tuple[int, ...] | None


@dataclass(frozen=True)
class Command:
    """One line of a script: `kind` as it stands there; what is not used is empty."""

    kind: str
    line: int
    module: Node | None = None
    action: Action | None = None
    expected: tuple[Pattern, ...] = ()
    message: str = ""
    name: str | None = None  # of a module, or under which it is registered


def read_nodes(text: str) -> Iterator[tuple[int, Node]]:
    """The outermost parentheses, each with its line."""
    stack: list[tuple[int, Node]] = []
    position, end = 0, len(text)
    while position < end:
        if text.startswith("(;", position):
            position = skip_comment(text, position)
            continue
        match = TOKEN.match(text, position)
        if match is None:
            raise UnknownScriptError(f"character {text[position]!r}")
        if match["open"]:
            stack.append((position, Node()))
        elif match["close"]:
            start, node = stack.pop()
            node.source = text[start : match.end()]
            if stack:
                stack[-1][1].items.append(node)
            else:
                yield text.count("\n", 0, start) + 1, node
        elif match["text"] or match["atom"]:
            stack[-1][1].items.append(match["text"] or match["atom"])
        position = match.end()


def skip_comment(text: str, position: int) -> int:
    """Behind a block comment; they nest."""
    depth = 0
    for match in re.compile(r"\(;|;\)").finditer(text, position):
        depth += 1 if match[0] == "(;" else -1
        if depth == 0:
            return match.end()
    raise UnknownScriptError("a comment without end")


def unquote(text: str) -> bytes:
    """The bytes of a string."""
    escapes = {"t": b"\t", "n": b"\n", "r": b"\r", '"': b'"', "'": b"'", "\\": b"\\"}

    def replace(match: re.Match[bytes]) -> bytes:
        escape = match[1].decode()
        if escape in escapes:
            return escapes[escape]
        return chr(int(escape[2:-1], 16)).encode() if escape.startswith("u") else bytes([int(escape, 16)])

    return re.sub(rb"\\(u\{[0-9a-fA-F]+\}|[0-9a-fA-F]{2}|.)", replace, text[1:-1].encode())


class Constants:
    """All constants of a script, converted by one module that wat2wasm reads: its exactness, not ours."""

    def __init__(self, nodes: list[Node]) -> None:
        texts = {node.source: node.atoms() for top in nodes for node in constant_nodes(top)}
        known = [source for source, atoms in texts.items() if not QUIET_NANS.keys() & set(atoms)]
        try:
            self.bits = convert({source: texts[source] for source in known})
        except wasmtime.WasmtimeError:
            self.bits = {}
            for source in known:
                with suppress(wasmtime.WasmtimeError):
                    self.bits |= convert({source: texts[source]})

    def value(self, node: Node) -> int:
        """Bits of an argument."""
        if node.source not in self.bits:
            raise UnknownScriptError(f"({node.head} …)")
        return self.bits[node.source]

    def pattern(self, node: Node) -> Pattern:
        """What a result must be."""
        atoms = node.atoms()
        if node.head.partition(".")[0] not in TYPES or not node.head.endswith(".const"):
            raise UnknownScriptError(f"({node.head} …)")
        type_ = node.head.partition(".")[0]
        width, lanes = (int(type_[1:]), atoms[1:]) if type_ != "v128" else lane_atoms(atoms)
        if not QUIET_NANS.keys() & set(lanes):
            bits = self.value(node)
            return width, tuple(bits >> width * index & (1 << width) - 1 for index in range(len(lanes)))
        kind = ("f" if type_ == "v128" else type_[0]) + str(width)
        return width, tuple(QUIET_NANS.get(lane) or lane_bits(kind, lane) for lane in lanes)


def convert(texts: dict[str, list[str]]) -> dict[str, int]:
    """Bits of constants, by their text."""
    globals_ = [f"(global {atoms[0].partition('.')[0]} ({' '.join(atoms)}))" for atoms in texts.values()]
    module = read_module(bytes(wasmtime.wat2wasm(f"(module {' '.join(globals_)})")))
    inits = [(item.init[0][1], 8 * TYPE_BYTES[item.value_type]) for item in module.globals]
    return {source: bits % (1 << width) for source, (bits, width) in zip(texts, inits, strict=True)}


def lane_atoms(atoms: list[str]) -> tuple[int, list[str]]:
    """Width and lanes of a vector constant such as `v128.const f32x4 …`."""
    return int(atoms[1][1:].partition("x")[0]), atoms[2:]


def lane_bits(kind: str, text: str) -> int:
    module = read_module(bytes(wasmtime.wat2wasm(f"(module (global {kind} ({kind}.const {text})))")))
    return int(module.globals[0].init[0][1])


def foreign_names(node: Node) -> set[str]:
    """The modules that a module imports from, wherever the imports stand in its text."""
    names = {unquote(node.atoms()[1]).decode()} if node.head == "import" else set()
    return names.union(*(foreign_names(item) for item in node.nodes()))


def constant_nodes(node: Node) -> Iterator[Node]:
    """Constants in actions and results; not those inside modules."""
    if node.head == "module":
        return
    if node.head.endswith(".const") and node.head.partition(".")[0] in TYPES:
        yield node
    for item in node.nodes():
        yield from constant_nodes(item)


def read_script(path: Path) -> Iterator[Command]:
    """The commands of a file. Those that are not understood have the kind `unknown` and say why."""
    numbered = list(read_nodes(path.read_text(encoding="utf-8", errors="surrogateescape")))
    constants = Constants([node for _, node in numbered])
    for line, node in numbered:
        try:
            yield read_command(node, line, constants)
        except UnknownScriptError as error:
            yield Command("unknown", line, message=str(error))


def read_command(node: Node, line: int, constants: Constants) -> Command:
    kind, nodes, atoms = node.head, node.nodes(), node.atoms()
    if kind == "module":
        name = next((atom for atom in atoms[1:2] if atom.startswith("$")), None)
        return Command(kind, line, module=node, name=name)
    if kind == "register":
        source = next((atom for atom in atoms if atom.startswith("$")), None)
        return Command(kind, line, name=unquote(atoms[1]).decode(), message=source or "")
    if kind in ("invoke", "get"):
        return Command(kind, line, action=read_action(node, constants))
    if kind.startswith("assert_return_"):
        suffix = "canonical" if "canonical" in kind else "arithmetic"
        return Command("assert_return", line, action=read_action(nodes[0], constants), expected=((0, (suffix,)),))
    if not kind.startswith("assert_"):
        raise UnknownScriptError(f"({kind} …)")
    message = unquote(atoms[-1]).decode() if len(atoms) > 1 else ""
    if nodes[0].head == "module":
        return Command(kind, line, module=nodes[0], message=message)
    expected = tuple(constants.pattern(item) for item in nodes[1:])
    return Command(kind, line, action=read_action(nodes[0], constants), expected=expected, message=message)


def read_action(node: Node, constants: Constants) -> Action:
    atoms = node.atoms()
    module = next((atom for atom in atoms if atom.startswith("$")), None)
    name = unquote(next(atom for atom in atoms if atom.startswith('"'))).decode()
    if node.head == "get":
        return Action(module, name, None)
    if node.head != "invoke":
        raise UnknownScriptError(f"({node.head} …)")
    return Action(module, name, tuple(constants.value(item) for item in node.nodes()))


def module_bytes(node: Node) -> bytes:
    """A module in its binary format. Raises UnknownScriptError if wat2wasm does not read its text."""
    flavour = node.atoms()[1:3]
    if "quote" in flavour:
        raise UnknownScriptError("quoted text: the text format is not ours")
    if "binary" in flavour:
        return b"".join(unquote(atom) for atom in node.atoms() if atom.startswith('"'))
    if {"definition", "instance"} & set(flavour):
        raise UnknownScriptError("module definitions and instances")
    try:
        return bytes(wasmtime.wat2wasm(node.source))
    except wasmtime.WasmtimeError:
        raise UnknownScriptError("text that wat2wasm refuses (confusable names, older syntax)") from None


def matches(pattern: Pattern, bits: int, width: int) -> bool:
    """Whether a result is what was expected; `width` of the whole value."""
    lane_width, lanes = pattern[0] or width, pattern[1]
    found = [bits >> lane_width * index & (1 << lane_width) - 1 for index in range(width // lane_width)]
    return len(found) == len(lanes) and all(
        lane_matches(lane, bits_, lane_width) for lane, bits_ in zip(lanes, found, strict=True)
    )


def lane_matches(expected: int | str, bits: int, width: int) -> bool:
    if isinstance(expected, int):
        return bits == expected
    canonical = 0x7FC0_0000 if width == 32 else 0x7FF8_0000_0000_0000
    magnitude = bits & ~(1 << width - 1)
    return magnitude == canonical if expected == "canonical" else magnitude & canonical == canonical
