"""What a module is for, and everything that stops it."""

from __future__ import annotations

import json

import pytest
import wasmtime

from corten.base.errors import InvalidModule
from corten.cli.app import run
from corten.wasm.module import Custom
from corten.wasm.platforms import PLATFORMS, survey
from corten.wasm.reader import read_module
from corten.wasm.writer import write_module
from tests.vm.modules import token

MODULES = {
    "cosmwasm": """(module (import "env" "db_read" (func (param i32) (result i32))) (memory (export "memory") 1)
        (func (export "interface_version_8")) (func (export "allocate") (param i32) (result i32) local.get 0)
        (func (export "deallocate") (param i32)))""",
    "near": """(module (import "env" "input" (func (param i64))) (import "env" "read_register" (func (param i64 i64)))
        (memory 1) (func (export "hello")))""",
    "stylus": """(module (import "vm_hooks" "read_args" (func (param i32))) (memory 1)
        (func (export "user_entrypoint") (param i32) (result i32) local.get 0))""",
    "soroban": """(module (import "l" "_" (func (param i64 i64 i64) (result i64))) (import "v" "1" (func))
        (memory 1) (func (export "hello")))""",
    "wasi": """(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) (memory (export "memory") 1)
        (func (export "_start")))""",
    "bare": '(module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))',
}

MANY_FAULTS = """(module
  (import "env" "clock" (func (result i64)))
  (import "env" "table" (table 1 externref))
  (tag $oops (param i32))
  (memory 1 2 shared)
  (data "x")
  (elem func $f)
  (func $f (export "f")
    data.drop 0
    data.drop 0
    (drop (block (result externref) (ref.null extern)))
    (drop (i32.atomic.load (i32.const 0)))
    atomic.fence
    (drop (block $caught (result i32) (try_table (catch $oops $caught) (throw $oops (i32.const 1))) (i32.const 1)))
    (return_call $f))
  (func $start (local externref))
  (start $start))"""


def compiled(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(text))


@pytest.mark.parametrize("name", MODULES)
def test_each_platform_is_recognized(name: str) -> None:
    found = survey(compiled(MODULES[name]))
    assert found.platform.name == name
    assert found.runs == (name == "bare")
    imports = [f"{item.module}.{item.name}" for item in found.imports]
    assert [one.kind for one in found.obstacles] == ["import"] * len(imports)
    assert all(name in one.what for name, one in zip(imports, found.obstacles, strict=True))


def test_a_native_contract_runs() -> None:
    found = survey(token())
    assert (found.platform.name, found.runs) == ("native", True)


def test_soroban_is_known_by_its_section_too() -> None:
    module = read_module(compiled(MODULES["bare"]))
    module.customs.append(Custom("contractspecv0", b""))
    assert survey(write_module(module)).platform.name == "soroban"


def test_what_emscripten_shortens_is_not_sorobans() -> None:
    text = '(module (import "a" "a" (func)) (import "a" "b" (func)) (memory (export "c") 1) (func (export "d")))'
    assert survey(compiled(text)).platform.name == "bare"


def test_every_platform_of_the_table_is_tested() -> None:
    assert {one.name for one in PLATFORMS} == MODULES.keys() - {"bare"} | {"native"}


def test_every_reason_is_listed_with_count_and_place() -> None:
    content = compiled(MANY_FAULTS)
    found = {one.what: one for one in survey(content).obstacles}
    fragments = [
        "env.clock",
        "env.table: expected a function, found a table",
        "data.drop",
        "ref.null",
        "0xFE_0010 (threads and atomics)",
        "atomic.fence",
        "try_table",
        "throw",
        "return_call",
        "a section of tags",
        "a memory with flag 'shared'",
        "a block that yields a reference",
        "a table of other references",
        "passive or declared element segment",
        "a local that holds a reference",
        "a start function",
    ]
    for fragment in fragments:
        assert any(fragment in what for what in found), fragment
    drop = next(one for what, one in found.items() if "data.drop" in what)
    assert (drop.count, drop.offset) == (2, content.index(b"\xfc\x09"))


def test_limits_are_among_the_reasons() -> None:
    exports = "".join(f'(export "f{number}" (func 0))' for number in range(4097))
    text = f"(module (memory 1) (memory 1) (func) {exports} (table 70000 funcref))"
    found = [one.what for one in survey(compiled(text)).obstacles if one.kind == "limit"]
    assert [what.partition(":")[0] for what in found] == ["table_elements", "memories", "exports"]


def test_what_the_scan_does_not_look_at_is_found_by_the_strict_readers() -> None:
    content = bytearray(compiled(MODULES["bare"]))
    content[-2] = 0x7C  # i64.add of two i32
    (obstacle,) = survey(bytes(content)).obstacles
    assert "i64.add" in obstacle.what
    assert obstacle.offset == len(content) - 2


@pytest.mark.parametrize("name", [*MODULES, "many faults"])
def test_a_damaged_file_is_refused_or_surveyed_and_never_crashes(name: str) -> None:
    content = compiled(MANY_FAULTS if name == "many faults" else MODULES[name])
    places: list[int | None] = []
    for place in range(len(content)):
        before, after = content[:place], content[place + 1 :]
        for damaged in (before, *(before + bytes([byte]) + after for byte in (0x00, 0x7F, 0x80, 0xFF))):
            try:
                survey(damaged)
            except InvalidModule as error:
                places.append(error.offset)
    assert None not in places
    assert len(places) > len(content) // 2


@pytest.mark.parametrize(("head", "found"), [(b"\x7fELF", "magic"), (b"\0asm\x0d\0\1\0", "a component")])
def test_what_is_no_module_is_said(head: bytes, found: str) -> None:
    with pytest.raises(InvalidModule, match=found):
        survey(head + bytes(8))


def test_inspect_tells_platform_and_obstacles(tmp_path, capsys) -> None:
    path = tmp_path / "many.wasm"
    path.write_bytes(compiled(MANY_FAULTS))
    assert run(["inspect", str(path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["platform"], report["runs"], report["limits"]) == ("bare", False, [])
    assert report["imports"][0] == {"module": "env", "name": "clock", "kind": "function"}
    assert {"import", "opcode", "construct"} == {one["kind"] for one in report["obstacles"]}
    assert run(["inspect", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "does not run here" in printed
    assert "data.drop" in printed


def test_inspect_says_how_a_module_is_run(tmp_path, capsys) -> None:
    path = tmp_path / "plain.wasm"
    path.write_bytes(compiled(MODULES["bare"]))
    assert run(["inspect", str(path)]) == 0
    assert "runs here: Machine.load" in capsys.readouterr().out
