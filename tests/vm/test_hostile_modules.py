"""A `.wasm` that is truncated, corrupt, invalid or outside the profile is refused by name before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from wasmtime import wat2wasm

import corten
from corten.base.errors import InvalidModule
from corten.compiler import compile_contract
from corten.wasm.module import Custom
from corten.wasm.reader import read_module
from corten.wasm.writer import write_module

CONTRACT = Path(__file__).parents[1] / "contracts" / "vault.py"
MODULES = {
    "invalid": ("(module (func (result i32) i32.const 1 i64.const 2 i32.add))", "expected i32, found i64"),
    "tail call": ("(module (func (param i32) local.get 0 return_call 0))", "return_call"),
    "two memories": ("(module (memory 1) (memory 1))", "memor"),
    "imported memory": ('(module (import "env" "m" (memory 1)))', "import"),
    "table mutation": ("(module (table 1 funcref) (func (table.set (i32.const 0) (ref.null func))))", "ref.null"),
    "table growth": ("(module (table 1 funcref) (func (drop (table.size))))", "table.size"),
    "atomics": ("(module (memory 1 1 shared))", "shared"),
    "exceptions": ("(module (tag) (func (throw 0)))", "section"),
}


@pytest.fixture(scope="module")
def native() -> bytes:
    return compile_contract(CONTRACT)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_outside_the_rules_is_refused_with_its_offset(name: str):
    text, expected = MODULES[name]
    with pytest.raises(InvalidModule, match=expected) as refused:
        corten.Machine(cache=False).deploy(bytes(wat2wasm(text)))
    assert refused.value.offset is not None or name in ("two memories", "imported memory")


def test_a_truncated_module_is_refused_wherever_it_is_cut(native: bytes):
    machine = corten.Machine(cache=False)
    root = machine.state_root
    for length in range(8, len(native) - 1, 97):
        with pytest.raises(InvalidModule) as refused:
            machine.deploy(native[:length])
        assert refused.value.offset is None or refused.value.offset <= length
    assert machine.state_root == root
    assert not machine.contracts


def test_a_module_without_an_abi_is_refused(native: bytes):
    module = read_module(native)
    module.customs = [custom for custom in module.customs if custom.name != "corten.abi"]
    with pytest.raises(InvalidModule, match=r"corten\.abi"):
        corten.Machine(cache=False).deploy(write_module(module))


def test_an_abi_that_lies_about_its_entries_is_refused(native: bytes):
    module = read_module(native)
    lies = (
        (b'"kind":"view"', b'"kind":"vied"'),
        (b'"size":', b'"size":9'),
        (b'"version":1', b'"version":2'),
    )
    abi = module.custom("corten.abi") or b""
    for true, lie in lies:
        assert true in abi
        forged = read_module(native)
        forged.customs = [Custom("corten.abi", abi.replace(true, lie, 1))]
        with pytest.raises(InvalidModule):
            corten.Machine(cache=False).deploy(write_module(forged))
