"""`corten inspect` on a module made by hand."""

from __future__ import annotations

import json

import pytest

from corten.cli.app import run
from corten.wasm import op
from corten.wasm.module import Custom, Export, Function, FuncType, Import, Kind, Limits, Module
from corten.wasm.opcodes import I32, I64
from corten.wasm.writer import write_module

ABI = {
    "version": 1,
    "name": "Counter",
    "types": {},
    "entries": [
        {
            "name": "add",
            "kind": "message",
            "parameters": [{"name": "amount", "type": "i64", "offset": 0}],
            "size": 8,
            "returns": None,
            "result_size": 0,
        }
    ],
    "events": [{"name": "Added", "fields": [{"name": "amount", "type": "i64", "offset": 0}], "size": 8}],
    "errors": ["amount_not_positive"],
    "state": {
        "address": 65600,
        "size": 8,
        "fields": [{"name": "counts", "type": "Map[u32, i64]", "offset": 0}],
    },
}


def module(abi: object) -> Module:
    """One entry that emits its argument."""
    made = Module(
        types=[FuncType((I64,), ()), FuncType((I64,), (I32,))],
        imports=[Import("corten", "emit.Added", Kind.FUNCTION, 0)],
        functions=[Function(1, [], [(op.LOCAL_GET, 0), (op.CALL, 0), (op.I32_CONST, 0), (op.END,)])],
        memories=[Limits(2)],
        exports=[Export("memory", Kind.MEMORY, 0), Export("entry.add", Kind.FUNCTION, 1)],
    )
    if abi is not None:
        made.customs.append(Custom("corten.abi", json.dumps(abi).encode()))
    return made


@pytest.fixture
def counter(tmp_path):
    path = tmp_path / "counter.wasm"
    path.write_bytes(write_module(module(ABI)))
    return path


def test_json_says_everything(counter, capsys):
    assert run(["inspect", str(counter), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["name"] == "Counter"
    assert report["entries"] == ABI["entries"]
    assert report["errors"] == [{"code": 1, "name": "amount_not_positive"}]
    assert report["sizes"]["raw"] == counter.stat().st_size
    assert report["sizes"]["instrumented"] > report["sizes"]["raw"]
    assert report["exports"] == [{"name": "memory", "kind": "memory"}, {"name": "entry.add", "kind": "function"}]
    assert all(limit["used"] <= limit["allowed"] for limit in report["limits"])
    assert report["gas"]["instructions"]["store"] > 0


def test_tables_show_entries_events_errors_state_limits_and_gas(counter, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert run(["inspect", str(counter)]) == 0
    printed = capsys.readouterr().out
    for expected in [
        "Counter",
        "(amount: i64)",
        "Added",
        "amount_not_positive",
        "Map[u32, i64]",
        "nesting",
        "gas, schedule",
    ]:
        assert expected in printed


def test_a_module_without_abi_is_inspected_all_the_same(tmp_path, capsys):
    path = tmp_path / "plain.wasm"
    path.write_bytes(write_module(module(None)))
    assert run(["inspect", str(path)]) == 0
    assert "without ABI" in capsys.readouterr().out


@pytest.mark.parametrize("damage", ["not a module", "cut short", "abi without entries"])
def test_a_damaged_module_is_the_users_fault(damage, counter, capsys):
    data = counter.read_bytes()
    damaged = {
        "not a module": b"\x7fELF" + data,
        "cut short": data[: len(data) // 2],
        "abi without entries": write_module(module({"name": "X", "types": {}})),
    }
    counter.write_bytes(damaged[damage])
    assert run(["inspect", str(counter)]) == 1
    assert "error" in capsys.readouterr().err
