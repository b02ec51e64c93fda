"""Golden pages: small functions before and after each pass, as text.

python -m tests.instrument.golden            exit 1 if a page is stale
python -m tests.instrument.golden --write    make all anew
"""

from __future__ import annotations

import sys
from pathlib import Path

import wasmtime

from corten.wasm.instrument import Options, instrument
from corten.wasm.module import Module
from corten.wasm.reader import read_module
from corten.wasm.text import format_function

PAGES = Path(__file__).with_name("golden")
OFF = {"gas": False, "stack": False, "nan": False, "undo": False}

# name: the passes that are shown, and functions in text form
CASES: dict[str, tuple[tuple[str, ...], str]] = {
    "straight": (("gas",), "(func (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))"),
    "branches": (
        ("gas",),
        """(func (param i32) (result i32) (local i32)
             (loop
               (block (br_if 0 (local.get 0)) (local.set 1 (i32.const 7)))
               (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
             (if (result i32) (local.get 1) (then (return (i32.const 3))) (else (local.get 1))))""",
    ),
    "calls": (
        ("gas", "stack"),
        """(func $f (param i64) (result i64)
             (if (i64.eqz (local.get 0)) (then (return (i64.const 0))))
             (i64.add (call $leaf (local.get 0)) (call $f (i64.sub (local.get 0) (i64.const 1)))))
           (func $leaf (param i64) (result i64) (i64.mul (local.get 0) (local.get 0)))""",
    ),
    "one_store": (("undo",), "(func (param i32 i64) (i64.store offset=8 (local.get 0) (local.get 1)))"),
    "narrow_store": (("undo",), "(func (param i32 i32) (i32.store16 (local.get 0) (local.get 1)))"),
    "computed_address": (
        ("undo",),
        "(func (param i32 i32) (i32.store (i32.shl (local.get 0) (i32.const 2)) (local.get 1)))",
    ),
    "constant_address": (
        ("undo",),
        """(func (param i64) (i64.store offset=65600 (i32.const 0) (local.get 0))
             (i32.store offset=65604 (i32.const 0) (i32.const 1))
             (i32.store8 offset=65608 (i32.const 0) (i32.const 1)))""",
    ),
    "record": (
        ("undo",),
        """(func (param i32 i32 i64)
             (i64.store offset=0 (local.get 0) (local.get 2))
             (i32.store offset=8 (local.get 0) (i32.const 1))
             (i32.store offset=12 (local.get 0) (i32.const 2))
             (i64.store offset=16 (local.get 1) (local.get 2))
             (i64.store offset=0 (local.get 0) (i64.const 0)))""",
    ),
    "store_in_a_loop": (
        ("undo",),
        """(func (param i32) (loop
             (i64.store (local.get 0) (i64.const 1))
             (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 8))) (i32.const 800)))))""",
    ),
    "known_on_every_path": (
        ("undo",),
        """(func (param i32 i32) (i64.store (local.get 0) (i64.const 1))
             (if (local.get 1)
               (then (i64.store (local.get 0) (i64.const 2)))
               (else (i64.store (local.get 1) (i64.const 2))))
             (i64.store (local.get 1) (i64.const 3)))""",
    ),
    "shown_nans": (
        ("nan",),
        """(func (param f64 i32) (result f64) (local f64)
             (local.set 2 (f64.mul (local.get 0) (local.get 0)))
             (f64.store (local.get 1) (local.get 2))
             (f64.store (local.get 1) (local.get 0))
             (f64.add (local.get 2) (f64.neg (local.get 2))))""",
    ),
    "mixed_local": (
        ("nan",),
        """(func (param f64 i32) (local f64) (local.set 2 (local.get 0))
             (if (local.get 1) (then (local.set 2 (f64.sqrt (local.get 0)))))
             (f64.store (local.get 1) (local.get 2)))""",
    ),
    "vectors": (
        ("nan",),
        """(func (param i32) (v128.store (local.get 0)
             (v128.and (f64x2.add (v128.load (local.get 0)) (v128.load (local.get 0))) (v128.const i64x2 1 1))))""",
    ),
    "loads": (
        ("access",),
        """(func (param i32) (result i64)
             (i64.add (i64.add (i64.load offset=8 (local.get 0)) (i64.load32_u offset=24 (local.get 0)))
               (i64.load (i32.shl (local.get 0) (i32.const 3)))))""",
    ),
    "constant_loads": (
        ("access",),
        """(func (result i32) (i32.add (i32.load offset=65600 (i32.const 0))
             (i32.add (i32.load8_u offset=65604 (i32.const 0)) (i32.load16_u offset=69631 (i32.const 0)))))""",
    ),
    "loads_known_on_every_path": (
        ("access",),
        """(func (param i32 i32) (result i32) (local i32)
             (local.set 2 (i32.load (local.get 0)))
             (if (local.get 2)
               (then (local.set 2 (i32.load8_u offset=2 (local.get 0))))
               (else (local.set 2 (i32.load8_u (local.get 1)))))
             (i32.add (local.get 2) (i32.load8_u (local.get 1))))""",
    ),
    "vector_loads": (
        ("access",),
        """(func (param i32 v128) (result v128)
             (v128.load8_lane 3 (i32.add (local.get 0) (i32.const 1))
               (v128.or (v128.load (local.get 0)) (v128.load64_splat offset=16 (local.get 0)))))""",
    ),
    "memory_operations": (
        ("intrinsics",),
        """(func (param i32) (result i32) (memory.fill (local.get 0) (i32.const 1) (i32.const 2))
             (i32.add (memory.size) (memory.grow (local.get 0))))""",
    ),
}


def page(name: str) -> str:
    """The functions as they are, and after each pass alone."""
    passes, text = CASES[name]
    plain = read_module(bytes(wasmtime.wat2wasm(f'(module (memory (export "memory") 1) {text})')))
    parts = [_part("plain", plain, len(plain.functions))]
    for shown in passes:
        on = {} if shown == "intrinsics" else {shown: True}
        options = Options(memory_pages=2, system_pages=32, **{**OFF, **on})
        parts.append(_part(shown, instrument(plain, None, options), len(plain.functions)))
    return "\n".join(parts)


def _part(title: str, module: Module, count: int) -> str:
    return f";; {title}\n" + "".join(format_function(module, index) for index in range(count))


def main(arguments: list[str]) -> int:
    pages = {PAGES / f"{name}.wat": page(name) for name in CASES}
    if "--write" in arguments:
        for path, text in pages.items():
            path.write_text(text, encoding="utf-8")
        return 0
    known = set(PAGES.glob("*.wat")) | pages.keys()
    stale = [path for path in known if not path.exists() or path.read_text("utf-8") != pages.get(path)]
    for path in sorted(stale):
        print(f"{path.name} is stale: python -m tests.instrument.golden --write")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
