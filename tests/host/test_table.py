"""The table is complete, and everything that is made from it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from corten import lang
from corten.compiler.modules import BUILTINS
from corten.host import BY_NAME, HOST_FUNCTIONS, Role, implementation
from corten.host.table import parse_parameter, parse_row
from corten.wasm.instrument import GAS_SCHEDULES
from tests.host import test_hostile

ROOT = Path(__file__).resolve().parents[2]
ENGINES = ("wasmtime", "v8", "python")
ROW = {
    "name": "double",
    "parameters": ["in data[length]", "value times", "out result[32]"],
    "result": "bool",
    "gas": {"1": {"base": 10, "byte": 1}},
    "engines": ["wasmtime"],
    "library": "",
    "hostile": "test_double",
    "language": "double(data) -> bytes32",
    "doc": "Twice\n the data.",
}


@pytest.mark.parametrize("function", HOST_FUNCTIONS, ids=list(BY_NAME))
def test_a_row_is_complete(function):
    assert sorted(function.gas) == sorted(GAS_SCHEDULES), "a price in every gas schedule"
    assert callable(getattr(test_hostile, function.hostile, None)), f"tests/host/test_hostile.py::{function.hostile}"
    assert function.doc.endswith(".")
    assert function.language.startswith(f"{function.name}(")
    assert set(function.engines) <= set(ENGINES)
    assert callable(implementation(function))


@pytest.mark.parametrize("function", HOST_FUNCTIONS, ids=list(BY_NAME))
def test_the_language_has_the_row(function):
    assert function.name in BUILTINS
    assert function.name in lang.__all__
    assert function.language in (ROOT / "docs/spec/language.md").read_text(encoding="utf-8")


def test_the_extra_brings_every_library():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = {requirement.partition(">=")[0] for requirement in project["optional-dependencies"]["crypto"]}
    assert {function.library for function in HOST_FUNCTIONS} - {""} == extra


def test_a_row_as_it_stands_in_the_file():
    function = parse_row(ROW)
    assert function.names == ["data", "length", "times", "result"]
    assert [parameter.role for parameter in function.parameters] == [Role.IN, Role.VALUE, Role.OUT]
    assert (function.doc, function.returns_bool) == ("Twice the data.", True)
    assert function.output is function.parameters[2]


@pytest.mark.parametrize("lacking", sorted(ROW))
def test_a_row_that_lacks_something_is_refused(lacking):
    with pytest.raises(KeyError, match=lacking):
        parse_row({name: value for name, value in ROW.items() if name != lacking})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"gas": {}}, "base price"),
        ({"gas": {"1": {"base": 0, "byte": 1}}}, "base price"),
        ({"gas": {"1": {"base": 1, "byte": -1}}}, "base price"),
        ({"doc": " "}, "doc line"),
        ({"hostile": ""}, "hostile test"),
        ({"language": ""}, "spelling"),
        ({"parameters": ["in data[data]"]}, "different names"),
        ({"parameters": ["out a[32]", "out b[32]"]}, "at most one output"),
        ({"parameters": ["out a[length]"]}, "at most one output"),
    ],
)
def test_a_row_that_is_empty_where_it_must_not_be_is_refused(changes, expected):
    with pytest.raises(ValueError, match=expected):
        parse_row({**ROW, **changes})


@pytest.mark.parametrize("text", ["data[32]", "in data", "in data[0]", "out Data[32]", "value a[3]", "in data[32] "])
def test_a_parameter_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="expected `in name"):
        parse_parameter(text)
