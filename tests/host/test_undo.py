"""What host functions write is undone, whoever calls them: found by the driver twin on a generated contract."""

from __future__ import annotations

import pytest

from corten import Machine
from corten.base.errors import Status
from corten.host import BY_NAME
from tests.host import guests
from tests.vm.modules import _entry, with_sections

OUTPUTS = [function for function in BY_NAME.values() if function.output is not None]


def contract(name: str) -> bytes:
    """An entry that stores, calls a function that does nothing but call the host, stores again, and fails."""
    function = BY_NAME[name]
    types = " ".join(["i32"] * len(function.names))
    values = " ".join(
        "(i32.const 0)" if one != (function.output and function.output.name) else f"(i32.const {guests.DATA})"
        for one in function.names
    )
    result, drop = ("(result i32)", "drop") if function.returns_bool else ("", "")
    ends = {"reject": "(i32.const 1)", "stop": "unreachable", "keep": "(i32.const 0)"}
    bodies = "".join(
        f'(func (export "entry.{entry}") (result i32) (i64.store (i32.const 8) (i64.const -1)) (call $inner)'
        f" (i64.store (i32.const 4096) (i64.const -1)) (i64.store (i32.const 8192) (i64.const -1)) {end})"
        for entry, end in ends.items()
    )
    wat = f"""(module (import "corten" "{name}" (func $host (param {types}) {result}))
      (memory (export "memory") 3) (func $inner {values} call $host {drop}) {bodies})"""
    abi = {"version": 1, "name": "Guest", "types": {}, "events": [], "errors": ["refused"]}
    abi |= {
        "entries": [_entry(entry, "message") for entry in ends],
        "state": {"address": 65536, "size": 0, "fields": []},
    }
    return with_sections(wat, abi, {"files": [], "sites": []})


@pytest.mark.parametrize("name", [function.name for function in OUTPUTS])
def test_output_of_a_function_without_stores_is_undone(name: str) -> None:
    machine = Machine(memory_limit=1 << 18, cache=False)
    deployed = machine.deploy(contract(name))
    before = machine.state_root
    for entry, status in (("reject", Status.REJECTED), ("stop", Status.TRAPPED)):
        assert deployed.call(entry, {}).status is status
        assert machine.state_root == before
        assert not any(deployed.residency.live()._instance.memory)  # type: ignore[attr-defined]
    assert deployed.call("keep", {}).status is Status.ACCEPTED
    assert machine.state_root != before
