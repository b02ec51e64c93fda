"""Makes the seed corpus, the same bytes every time: `python -m fuzz.seeds`."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path
from typing import Final

import wasmtime

from corten.wasm.writer import write_module
from fuzz.targets import TARGETS
from tests.hostile.corpus import FILES, changed_abi, read_case
from tests.vm.modules import TOKEN_ABI, TOKEN_LINES, token
from tests.wasm import generate

CORPUS: Final = Path(__file__).parent / "corpus"
_SMALL: Final = 1200
_FUNCTIONS: Final = """(module (memory 1) (table 2 funcref) (elem (i32.const 0) $f) (data "passive") (global (mut v128)
  (v128.const i64x2 1 2)) (func $f (export "f") (param i32 f64) (result f64) (local v128)
  (loop $l (br_if $l (i32.lt_u (memory.grow (i32.const 1)) (i32.const 3))))
  (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 7)) (i64.store (local.get 0) (i64.const 1))
  (block (block (br_table 0 1 0 (local.get 0)))) (f64.add (local.get 1) (call $f (i32.const 0) (f64.const nan)))))"""


def seeds(target: str) -> dict[str, bytes]:
    """The seeds of a target by name."""
    if target == "module":
        return {"functions": bytes(wasmtime.wat2wasm(_FUNCTIONS))} | _generated()
    if target == "contract":
        return {"token": token()} | _hostile()
    if target == "sections":
        return {
            "token_abi": json.dumps(TOKEN_ABI).encode(),
            "token_lines": json.dumps(TOKEN_LINES).encode(),
            "hostile_abi": changed_abi("{}"),
        }
    if target == "codec":
        payload = bytes(range(1, 120))
        return {
            "token": json.dumps(TOKEN_ABI).encode() + b"\0" + payload,
            "hostile": changed_abi("{}") + b"\0" + payload,
        }
    return {f"entry_{number}": _frame(number) for number in range(len(TOKEN_ABI["entries"]))} | {
        "several": b"".join(_frame(number) for number in (1, 3, 5, 9)),
        "short": struct.pack("<IIII", 16, 1, 1, 64),
    }


def _generated() -> dict[str, bytes]:
    modules = (write_module(generate.module(random.Random(seed))) for seed in range(12))
    return {f"generated_{seed}": content for seed, content in enumerate(modules) if len(content) < 4 * _SMALL}


def _hostile() -> dict[str, bytes]:
    cases = [read_case(path) for path in FILES if path.suffix == ".wat"]
    contents = {case.path.stem: case.content for case in cases if "@" not in case.path.read_text(encoding="utf-8")}
    return {name: content for name, content in contents.items() if isinstance(content, bytes) and len(content) < _SMALL}


def _frame(number: int) -> bytes:
    size = TOKEN_ABI["entries"][number]["size"]
    payload = bytes(index % 2 for index in range(size))
    return struct.pack("<IIII", 16 + size, number, 1, size) + payload


def main() -> None:
    """Write the corpus."""
    for target in TARGETS:
        directory = CORPUS / target
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in seeds(target).items():
            (directory / name).write_bytes(content)


if __name__ == "__main__":
    main()
