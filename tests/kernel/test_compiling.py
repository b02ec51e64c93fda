"""From a file of ordinary Python to a vectorized module: slicing, refusals, cache, contracts that import kernels."""

from __future__ import annotations

import importlib.util
import linecache
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import corten
from corten.vm.kernels.program import compiled
from corten.wasm.reader import read_module
from corten.wasm.text import format_module
from tests.kernel import kernels

CONTRACTS = Path(__file__).parent / "contracts"


def text(kernel: corten.Kernel) -> str:
    return format_module(read_module(compiled(kernel._source)))


@pytest.fixture
def written(tmp_path):
    """Imports a module of this text, as a user's file."""

    def write(source: str, name: str = "written"):
        path = tmp_path / f"{name}.py"
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        linecache.checkcache(str(path))
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return write


def test_vectorized():
    """Conditions, bits, shifts of integers, and calls do not keep LLVM from computing two rows at once."""
    found = text(kernels.payoff)
    for instruction in ("f64x2.mul", "f64x2.sqrt", "i64x2.shl", "i64x2.add", "v128.bitselect", "v128.store"):
        assert instruction in found
    assert "call" not in found
    assert "f64x2.nearest" in text(kernels.sign_games)
    assert "f64x2.mul" in text(kernels.polynomial)


HEADER = """\
import numpy as np
import corten
from corten.lang import *
"""


def test_names_may_be_starred(written):
    module = written(HEADER + "@corten.kernel\ndef f(x: f64) -> f64:\n    return sqrt(x)\n")
    assert module.f(4.0) == 2.0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def f(x: f64) -> f64:\n    require(x > 0.0, 'low')\n    return x", "E504: `require` rejects a message"),
        ("def f(x: f64) -> f64:\n    return f64(allocate(u32(x)))", "E504: a kernel that addresses memory"),
        ("def f(x: Vec[f64]) -> f64:\n    return 0.0", "E504: parameter `x` of a kernel"),
        ("def f(x: i128) -> f64:\n    return 0.0", "E504: parameter `x` of a kernel: i128 is no column"),
        ("def f(x: f64) -> None:\n    pass", "E504: result of kernel `f`: it returns nothing"),
        (
            "def f(x: Array[f64, 2]) -> f64:\n    x[0] = 1.0\n    return x[1]",
            "E504: kernel `f` changes its parameter `x`",
        ),
        ("def f(x: f64) -> bytes32:\n    return sha256(x)", "E504: result of kernel `f`: bytes32 is no column"),
        ("def f(x: f64) -> bool:\n    return sha256(x) == sha256(x)", "E504: `sha256` is a host function"),
        ("def f(x: f64) -> f64:\n    return np.sqrt(x)", "E2.*np"),
        ("def f(x) -> f64:\n    return x", "E103: parameter `x` has no type"),
        ("def f(x: f64) -> f64:\n    return x + 1.0 if x", "E100"),
    ],
)
def test_refused(written, body, words):
    source = (
        "import corten\nimport numpy as np\n"
        "from corten.lang import Array, Vec, allocate, bytes32, f64, i128, require, sha256, u32\n\n@corten.kernel\n"
    )
    if words == "E100":
        with pytest.raises(SyntaxError):
            written(source + body)
        return
    module = written(source + body + "\n")
    with pytest.raises(corten.DiagnosticError, match=words) as raised:
        module.f(1.0)
    lines = {diagnostic.span.line for diagnostic in raised.value.diagnostics}
    assert lines <= {2, 6, 7}
    assert {diagnostic.span.file for diagnostic in raised.value.diagnostics} == {module.__file__}


def test_no_source_no_kernel():
    names: dict = {}
    exec("from corten.lang import f64\ndef f(x: f64) -> f64:\n    return x\n", names)
    with pytest.raises(corten.InvalidInput, match="f, whose source '<string>' cannot be read: save it in a file"):
        corten.kernel(names["f"])
    with pytest.raises(corten.InvalidInput, match="found builtin_function_or_method"):
        corten.kernel(len)
    free = 2.0

    def g(x: float) -> float:
        return x * free

    with pytest.raises(corten.InvalidInput, match="which uses free of the function around it"):
        corten.kernel(g)


def test_a_kernel_inside_a_function(written):
    module = written("""
        import corten
        from corten.lang import f64
        FACTOR = 3.0
        def make():
            @corten.kernel
            def inner(x: f64) -> f64:
                return x * FACTOR
            return inner
    """)
    assert module.make()(np.array([1.0, 2.0])).tolist() == [3.0, 6.0]


def test_a_notebook():
    """Cells are not files, and what a cell needs may stand in another one."""
    names: dict = {"__name__": "__main__"}
    cells = [
        "import corten\nfrom corten.lang import f64, sqrt\nSCALE = 4.0",
        "@corten.kernel\ndef f(x: f64) -> f64:\n    return sqrt(x) * SCALE\n",
    ]
    for number, cell in enumerate(cells):
        file = f"/cells/{number}.py"
        linecache.cache[file] = (len(cell), None, cell.splitlines(keepends=True), file)
        exec(compile(cell, file, "exec"), names)
    assert names["f"](np.array([4.0, 9.0])).tolist() == [8.0, 12.0]


def test_only_what_is_needed_is_compiled_again(written, monkeypatch, tmp_path):
    from corten.vm.kernels import mapping, program

    cache = mapping.Cache(tmp_path / "cache")
    monkeypatch.setattr(mapping, "_cache", lambda: cache)
    count = []
    original = program.compiled
    monkeypatch.setattr(program, "compiled", lambda *args: count.append(1) or original(*args))
    source = (
        "import corten\nfrom corten.lang import f64\nN = 2.0\n@corten.kernel\ndef f(x: f64) -> f64:\n    return x * N\n"
    )
    assert written(source).f(2.0) == 4.0
    assert written(source + "print_me = 3\n").f(2.0) == 4.0
    assert len(count) == 1
    assert written(source.replace("2.0", "5.0")).f(2.0) == 10.0
    assert len(count) == 2


def test_contracts_import_kernels():
    """Both spellings of the marker, from a file with numpy in it, compiled and under CPython."""
    results = []
    for engine in ("wasmtime", "python"):
        machine = corten.Machine(engine=engine)
        quoter = machine.deploy(CONTRACTS / "quoter.py")
        results.append((quoter.set(bid=1.0, ask=4.0).result, quoter.width(bid=1.0, ask=4.0)))
    assert results[0] == results[1] == (2.5, 3.0)
    sys.path.insert(0, str(CONTRACTS))
    try:
        import shared_kernels
    finally:
        sys.path.remove(str(CONTRACTS))
    assert shared_kernels.mid_price({"bid": np.array([1.0]), "ask": 4.0}).tolist() == [2.5]
    assert corten.kernel(shared_kernels.spread)({"bid": np.array([1.0]), "ask": 4.0}).tolist() == [3.0]


def test_explained():
    words = kernels.payoff.explain()
    assert words.startswith("payoff(forward: f64, strike: f64, expiry: f64, vol: f64) -> result: f64\n")
    assert "two rows at once" in words
    assert "may trap" not in words
    assert "one row at a time" in kernels.newton.explain()
    line = next(
        number
        for number, text in enumerate(Path(kernels.__file__).read_text(encoding="utf-8").splitlines(), 1)
        if "return a // b" in text
    )
    assert f"kernels.py:{line} in divided" in kernels.divided.explain()
    assert "same for all rows" in kernels.polynomial.explain()


def test_built_on_the_command_line(tmp_path, capsys):
    from corten.cli.app import run

    module = tmp_path / "payoff.wasm"
    stages = tmp_path / "stages"
    arguments = ["build", str(kernels.__file__), "--kernel", "payoff", "-o", str(module), "--dump", str(stages)]
    assert run(arguments) == 0
    assert "two rows at once" in capsys.readouterr().out
    assert module.read_bytes() == compiled(kernels.payoff._source)
    assert "f64x2.mul" in (stages / "8-instrumented.wat").read_text(encoding="utf-8")
    assert run(["build", str(kernels.__file__), "--kernel", "absent"]) == 1
    assert "no function `absent`" in capsys.readouterr().err
