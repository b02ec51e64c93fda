"""Calling kernels: shapes, dtypes, `out`, containers, what is refused and how a row that failed is named."""

from __future__ import annotations

import pickle
import traceback

import numpy as np
import pytest

import corten
from tests.kernel import kernels

INPUTS = [np.array([100.0, 120.0, 90.0]), np.array([90.0, 100.0, 95.0])]


def expected(*columns, **options):
    return kernels.payoff(*(np.ascontiguousarray(column) for column in np.broadcast_arrays(*columns)), **options)


def test_scalars_give_a_scalar():
    assert type(kernels.payoff(100.0, 90.0, 1.0, 0.2)) is float
    assert kernels.payoff(100, 90, 1, np.float64(0.2)) == kernels.payoff(100.0, 90.0, 1.0, 0.2)
    assert kernels.payoff(forward=100.0, strike=90.0, expiry=1.0, vol=0.2) == kernels.payoff(100.0, 90.0, 1.0, 0.2)
    assert kernels.payoff(np.array(100.0), 90.0, 1.0, 0.2) == kernels.payoff(100.0, 90.0, 1.0, 0.2)


@pytest.mark.parametrize(
    "shapes",
    [
        [(5,), (5,), (), ()],
        [(1,), (7,), (7,), ()],
        [(3, 1), (1, 4), (), (4,)],
        [(2, 3, 4), (3, 1), (4,), (1, 1, 1)],
        [(0,), (0,), (), (1,)],
        [(3, 0), (1,), (), ()],
        [(3, 9001), (9001,), (), (3, 1)],
        [(9001, 3), (3,), (), (9001, 1)],
    ],
)
def test_broadcasting(shapes):
    generator = np.random.default_rng(3)
    columns = [generator.uniform(0.5, 2.0, shape) for shape in shapes]
    found = kernels.payoff(*columns)
    assert found.shape == np.broadcast_shapes(*shapes)
    assert found.tolist() == expected(*columns).tolist()


def test_layouts_of_memory():
    generator = np.random.default_rng(4)
    square = generator.uniform(50.0, 150.0, (200, 300))
    for array in (square.T, square[::2, ::-3], np.asfortranarray(square), square[:, 5], square[::-1]):
        assert kernels.payoff(array, 80.0, 1.0, 0.1).tolist() == expected(array, 80.0, 1.0, 0.1).tolist()
    big_endian = square.astype(">f8")
    assert kernels.payoff(big_endian, 80.0, 1.0, 0.1).tolist() == kernels.payoff(square, 80.0, 1.0, 0.1).tolist()


def test_dtypes():
    assert kernels.root(np.array([4, 9], np.int32)).tolist() == [2.0, 3.0]
    assert kernels.root(np.array([4.0, 9.0], np.float32)).tolist() == [2.0, 3.0]
    assert kernels.root([4.0, 9]).tolist() == [2.0, 3.0]
    assert kernels.integers([1, 2], [3, 4], [5, 255]).tolist() == [8, 263]
    for value, words in [
        (np.array([1.0], np.longdouble), "longdouble|float128"),
        (np.array([1j]), "complex128"),
        (np.array(["a"]), "<U1"),
        (np.array([object()]), "object"),
        ("text", "str of dtype"),
        (None, "NoneType"),
    ]:
        with pytest.raises(corten.InvalidInput, match=rf"value: expected .*f64.*found .*({words})"):
            kernels.root(value)
    with pytest.raises(corten.InvalidInput, match=r"b: expected .*i32.* found int64"):
        kernels.integers(1, np.array([1]), 1)
    with pytest.raises(corten.InvalidInput, match=r"b: expected .*i32.* found float64"):
        kernels.integers(1, 1.5, 1)
    with pytest.raises(corten.InvalidInput, match=r"c: expected .*u8.* found int64"):
        kernels.integers(1, 1, 256)
    with pytest.raises(corten.InvalidInput, match=r"c: expected .*u8"):
        kernels.integers(1, 1, [1, -1])


def test_wrong_arguments():
    with pytest.raises(corten.InvalidInput, match=r"strike: .* shape \(2,\) and forward of shape \(3,\)"):
        kernels.payoff(np.ones(3), np.ones(2), 1.0, 1.0)
    with pytest.raises(corten.InvalidInput, match=r"payoff: expected arguments .*missing a required argument: 'vol'"):
        kernels.payoff(1.0, 1.0, 1.0)
    with pytest.raises(corten.InvalidInput, match="unexpected keyword argument 'volume'"):
        kernels.payoff(1.0, 1.0, 1.0, 1.0, volume=1.0)
    with pytest.raises(corten.InvalidInput, match="errors: expected 'raise' or 'nan'"):
        kernels.payoff(1.0, 1.0, 1.0, 1.0, errors="ignore")
    with pytest.raises(corten.InvalidInput, match="threads"):
        kernels.payoff(1.0, 1.0, 1.0, 1.0, threads=0)
    with pytest.raises(corten.InvalidInput, match="engine: expected 'wasmtime' or 'v8'"):
        kernels.payoff.on("cpython")


def test_masked_arrays_are_refused():
    with pytest.raises(corten.InvalidInput, match=r"forward: .*masked array"):
        kernels.payoff(np.ma.masked_array([1.0, 2.0], [False, True]), 1.0, 1.0, 1.0)


@pytest.mark.parametrize("column", [np.array(["1"]), np.array([1.0, None])])
def test_arrays_without_numbers_are_refused(column):
    with pytest.raises(corten.InvalidInput, match=r"forward: .*holds no numbers"):
        kernels.payoff(column, 1.0, 1.0, 1.0)


def test_a_number_is_no_struct_of_one_field():
    assert kernels.unwrapped({"x": 2.0}) == 2.0
    with pytest.raises(corten.InvalidInput, match="box: expected a mapping or object with x, found float"):
        kernels.unwrapped(2.0)


def test_defaults_by_position_by_name_and_in_another_process():
    for kernel in (kernels.scaled, pickle.loads(pickle.dumps(kernels.scaled))):
        assert kernel(2.0) == kernel(x=2.0) == 6.0
        assert kernel(2.0, 4.0) == kernel(2.0, factor=4.0) == kernel(factor=4.0, x=2.0) == 8.0
        assert kernel(np.ones(2)).tolist() == [3.0, 3.0]
        assert kernel(np.ones(2), factor=np.arange(2)).tolist() == [0.0, 1.0]
        with pytest.raises(corten.InvalidInput, match="multiple values for argument 'x'"):
            kernel(2.0, x=1.0)


def test_out():
    out = np.full(3, -1.0)
    assert kernels.payoff(*INPUTS, 1.0, 0.2, out=out) is out
    assert out.tolist() == kernels.payoff(*INPUTS, 1.0, 0.2).tolist()
    wide = np.zeros((3, 2))
    kernels.payoff(*INPUTS, 1.0, 0.2, out=wide[:, 1])
    assert wide[:, 1].tolist() == out.tolist()
    assert wide[:, 0].tolist() == [0.0] * 3
    everything = {name: np.zeros(3, dtype) for name, dtype in
                  [("price", "f8"), ("delta", "f8"), ("rank", "i4"), ("is_large", "?")]}  # fmt: skip
    assert kernels.greeks(*INPUTS, out=everything) is everything
    assert everything["price"].tolist() == [10.0, 20.0, -5.0]
    tuple_ = kernels.greeks(*INPUTS)
    assert kernels.greeks(INPUTS[0] + 1.0, INPUTS[1], out=tuple_) is tuple_
    assert tuple_.price.tolist() == [11.0, 21.0, -4.0]
    for wrong in (np.zeros(2), np.zeros(3, np.float32), [0.0] * 3):
        with pytest.raises(corten.InvalidInput, match=r"out: expected a writable numpy array of float64, shape \(3,\)"):
            kernels.payoff(*INPUTS, 1.0, 0.2, out=wrong)
    out.flags.writeable = False
    with pytest.raises(corten.InvalidInput, match="read-only"):
        kernels.payoff(*INPUTS, 1.0, 0.2, out=out)


def test_out_that_is_an_input():
    values = np.random.default_rng(5).uniform(1.0, 9.0, 20_000)
    wanted = np.sqrt(values)
    column = values.copy()
    assert kernels.root(column, out=column).tolist() == wanted.tolist()
    column = values.copy()
    kernels.root(column[:-1], out=column[1:])
    assert column[1:].tolist() == wanted[:-1].tolist()
    column = values.copy()
    kernels.root(column, out=column[::-1])
    assert column[::-1].tolist() == wanted.tolist()


def test_pandas():
    pandas = pytest.importorskip("pandas")
    index = pandas.Index([10, 20, 30], name="strike")
    forward, strike = (pandas.Series(column, index) for column in INPUTS)
    found = kernels.payoff(forward, strike, 1.0, 0.2)
    assert isinstance(found, pandas.Series)
    assert found.index is index
    assert found.tolist() == kernels.payoff(*INPUTS, 1.0, 0.2).tolist()
    result = kernels.greeks(forward, INPUTS[1])
    assert result.delta.index is index
    with pytest.raises(corten.InvalidInput, match="strike: expected the index of forward"):
        kernels.payoff(forward, strike.sort_index(ascending=False), 1.0, 0.2)
    with pytest.raises(corten.KernelNaN, match="argument forward is nan"):
        kernels.payoff(pandas.Series([1.0, None], dtype="Float64"), 1.0, 1.0, 1.0)


def test_polars():
    polars = pytest.importorskip("polars")
    forward, strike = (polars.Series("column", column) for column in INPUTS)
    found = kernels.payoff(forward, strike, 1.0, 0.2)
    assert isinstance(found, polars.Series)
    assert found.name == "payoff"
    assert found.to_list() == kernels.payoff(*INPUTS, 1.0, 0.2).tolist()
    frame = polars.DataFrame({"strike": [90.0, 110.0], "side": [0, 1]})
    assert kernels.leg_value(100.0, frame).to_list() == [10.0, 10.0]
    with pytest.raises(corten.InvalidInput, match="square: expected a column without missing values"):
        kernels.newton(polars.Series([1, None]))


# ── rows that fail ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("engine", ["wasmtime", "v8"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_trap_is_located(engine, threads):
    if engine == "v8":
        pytest.importorskip("py_mini_racer")
    divisor = np.arange(1, 30_001)
    divisor[[20_123, 29_000]] = 0
    with pytest.raises(corten.KernelTrapped) as raised:
        kernels.divided.on(engine)(7, divisor, threads=threads)
    error = raised.value
    assert (error.code, error.row) == (corten.TrapCode.DIVISION_BY_ZERO, (20_123,))
    assert error.arguments == {"a": 7, "b": 0}
    assert str(error) == "divided: division_by_zero in row 20123: divided(a=7, b=0)"
    last = traceback.extract_tb(error.__traceback__)[-1]
    assert (last.filename, last.line) == (kernels.__file__, "return a // b")
    divisor[[20_123, 29_000]] = 1
    assert kernels.divided.on(engine)(7, divisor, threads=threads)[0] == 7


def test_a_trap_of_scalars_and_of_tables():
    with pytest.raises(corten.KernelTrapped, match=r"divided: division_by_zero: divided\(a=1, b=0\)") as raised:
        kernels.divided(1, 0)
    assert raised.value.row is None
    assert kernels.divided(9, 2) == 4
    table = np.ones((40, 500), np.int64)
    table[31, 400] = 0
    for array, row in ((table, (31, 400)), (table.T, (400, 31))):
        with pytest.raises(corten.KernelTrapped, match="in row") as raised:
            kernels.divided(1, array)
        assert raised.value.row == row


def test_nan_is_located():
    values = np.ones(10_000)
    values[7777] = np.nan
    with pytest.raises(corten.KernelNaN, match="argument value is nan; errors='nan' lets it pass") as raised:
        kernels.root(values)
    assert (raised.value.row, raised.value.argument) == ((7777,), "value")
    values[7777] = -1.0
    with pytest.raises(
        corten.KernelNaN, match=r"root: result is nan .the kernel produced it.* in row 7777: root\(value=-1.0\)"
    ):
        kernels.root(values, threads=2)
    assert np.flatnonzero(np.isnan(kernels.root(values, errors="nan"))).tolist() == [7777]
    with pytest.raises(corten.KernelNaN) as raised:
        kernels.greeks(np.array([1.0, 0.0]), 0.0)
    assert (raised.value.column, raised.value.row) == ("delta", (1,))
    with pytest.raises(corten.KernelNaN, match="root: result is nan"):
        kernels.root(-1.0)
    assert kernels.cleaned(np.array([np.nan, 1.0])).tolist() == [0.0, 1.0]
