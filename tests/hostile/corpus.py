"""Reads the corpus: one hostile contract a file, its header saying what it tries, what stops it and what comes of it.

    ;; tries: …                    in words
    ;; stopped by: …               in words
    ;; expect: refused PATTERN     deploy raises InvalidModule (or DiagnosticError) with that in its message
    ;; expect: trapped NAME        `attack` ends so; NAME may give alternatives, A|B; `rejected NAME` likewise

Optional: `messages: COUNT` (a batch of so many attacks), `gas: limit` or `gas: at least N` (of each receipt),
`gas limit: N`, `seconds: N` (for deploy and attack together), `abi: {"path": value}` (changes to ABI), `raw: TEXT`
(instead of the ABI) and `sections: NAME …` (custom sections, in order; corten.abi alone unless given).

A `.wat` holds the fields of a module; memory and the entries `good` and `peek` are added where it has none. `@N{text}`
stands for the text N times, `#` in it for the number of the repetition, `+#` for the next; `@N<text>` nests inside.
A `.py` is contract source.
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import wasmtime

from corten.wasm.module import Custom, Module
from corten.wasm.writer import write_module

DIRECTORY = Path(__file__).parent / "corpus"
FILES = sorted(path for path in DIRECTORY.iterdir() if path.suffix in (".wat", ".py"))

ABI: dict[str, Any] = {
    "version": 1,
    "name": "Hostile",
    "types": {},
    "entries": [
        {
            "name": name,
            "kind": kind,
            "parameters": [{"name": "n", "type": "u32", "offset": 0}],
            "size": 8,
            "returns": returns,
            "result_size": 8 if returns else 0,
        }
        for name, kind, returns in (("attack", "message", None), ("good", "message", None), ("peek", "view", "i64"))
    ],
    "events": [{"name": "Tick", "fields": [{"name": "count", "type": "i64", "offset": 0}], "size": 8}],
    "errors": [],
    "state": {"address": 65536, "size": 64, "fields": []},
}
_GOOD = """
(func (export "entry.good") (param i32) (result i32)
  (i64.store (i32.const 1024) (i64.add (i64.load (i32.const 1024)) (i64.const 1)))
  (i32.const 0))
(func (export "entry.peek") (param i32) (result i32) (i32.const 0))
"""
_HEADER = re.compile(r"(?:;;|#) ([a-z ]+): (.*)")
_REPEAT = re.compile(r"@(\d+)\{([^{}]*)\}")
_NESTED = re.compile(r"@(\d+)<([^<>]*)>")
_NAMES = ("tries", "stopped by", "expect", "messages", "gas", "gas limit", "seconds", "abi", "raw", "sections")


@dataclass(frozen=True)
class Case:
    """A file of the corpus."""

    path: Path
    header: dict[str, str]

    @cached_property
    def content(self) -> bytes | Path:
        """What to deploy."""
        return self.path if self.path.suffix == ".py" else _module(self.path.read_text(encoding="utf-8"), self.header)

    @property
    def outcome(self) -> str:
        return self.header["expect"].partition(" ")[0]

    @property
    def pattern(self) -> str:
        return self.header["expect"].partition(" ")[2]


def read_case(path: Path) -> Case:
    """A file's header, each of its lines known."""
    header = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        found = _HEADER.fullmatch(line)
        if found is None:
            break
        header[found[1]] = found[2]
    assert set(_NAMES[:3]) <= header.keys() <= set(_NAMES), path
    return Case(path, header)


def _module(text: str, header: dict[str, str]) -> bytes:
    fields = _expanded(text)
    if "(component" in fields:
        return bytes(wasmtime.wat2wasm(fields))
    memory = "" if re.search(r"\(memory[ $]", fields) else '(memory (export "memory") 4)'
    module = bytes(wasmtime.wat2wasm(f"(module {fields} {memory} {_GOOD})"))
    for name in header.get("sections", "corten.abi").split():
        module += _section(Custom(name, _content(name, header)))
    return module


def _section(custom: Custom) -> bytes:
    """The bytes of one custom section: those of an otherwise empty module without its preamble."""
    return write_module(Module(customs=[custom]))[8:]


def _content(name: str, header: dict[str, str]) -> bytes:
    if name == "corten.abi":
        return _expanded(header["raw"]).encode() if "raw" in header else changed_abi(header.get("abi", "{}"))
    if name == "corten.lines":
        return json.dumps({"files": [], "sites": []}).encode()
    return b'{"layout": 1, "red_zone": 0}'


def changed_abi(changes: str) -> bytes:
    """ABI with changes at paths such as `entries.0.size`."""
    document = copy.deepcopy(ABI)
    for path, value in json.loads(changes).items():
        *parents, last = path.split(".")
        node: Any = document
        for key in parents:
            node = node[int(key)] if isinstance(node, list) else node[key]
        node[int(last) if isinstance(node, list) else last] = value
    return json.dumps(document).encode()


def _expanded(text: str) -> str:
    def repeat(match: re.Match[str]) -> str:
        return "".join(_numbered(match[2], number) for number in range(int(match[1])))

    return _REPEAT.sub(repeat, _NESTED.sub(repeat, text))


def _numbered(text: str, number: int) -> str:
    return text.replace("+#", str(number + 1)).replace("#", str(number))
