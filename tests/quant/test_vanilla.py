"""What numpy, pandas and polars users call: results, kinds, errors that name the row."""

from __future__ import annotations

import math

import numpy as np
import pytest

from corten import quant
from corten.base.errors import InvalidInput
from corten.quant import implied, vanilla
from corten.quant.kinds import signs
from corten.vm.kernels import Kernel

KERNELS = {
    name.strip("_").lower(): kernel
    for module in (vanilla, implied)
    for name, kernel in vars(module).items()
    if isinstance(kernel, Kernel)
}
DRAWS = {  # of argument names; forwards and strikes near each other, prices that some volatilities give
    "kind": lambda draw, n: draw.choice([-1.0, 1.0], n),
    "discount": lambda draw, n: draw.uniform(0.5, 1.0, n),
    "rate": lambda draw, n: draw.uniform(-0.05, 0.2, n),
    "dividend": lambda draw, n: draw.uniform(-0.05, 0.2, n),
    "expiry": lambda draw, n: 10.0 ** draw.uniform(-5, 1, n),
    "vol": lambda draw, n: 10.0 ** draw.uniform(-3, 1, n),
    "price": lambda draw, n: 10.0 ** draw.uniform(-12, 2, n),
}


def columns(kernel: Kernel, n: int, seed: int) -> list[np.ndarray]:
    """Random arguments of a kernel, some of them out of its domain."""
    draw = np.random.default_rng(seed)
    found = [
        DRAWS.get(column.path, lambda draw, n: 100.0 * np.exp(draw.normal(0.0, 0.6, n)))(draw, n)
        for column in kernel.program.inputs
    ]
    for column in found:
        column[draw.integers(0, n, n // 50)] = draw.choice([0.0, -1.0, np.inf, -np.inf, np.nan, 1e-310, 1e300], n // 50)
    return found


def bits(result: object) -> list[bytes]:
    return [np.ascontiguousarray(column).tobytes() for column in (result if isinstance(result, tuple) else (result,))]


@pytest.mark.parametrize("name", KERNELS)
def test_columns_are_what_cpython_computes(name: str):
    kernel = KERNELS[name]
    inputs = columns(kernel, 60, 1)
    found = kernel(*inputs, errors="nan")
    for row, arguments in enumerate(zip(*(column.tolist() for column in inputs), strict=True)):
        expected = kernel.interpreted(*arguments)
        outputs = kernel.program.outputs
        fields = [expected] if len(outputs) == 1 else [getattr(expected, one.path) for one in outputs]
        compiled = [column[row] for column in (found if isinstance(found, tuple) else (found,))]
        for one, output, other in zip(fields, outputs, compiled, strict=True):
            wanted = np.array(int(one) if output.dtype != np.float64 else float(one), output.dtype)
            assert wanted.tobytes() == other.tobytes(), (output.path, arguments, one, other)


@pytest.mark.parametrize("name", KERNELS)
def test_v8_computes_the_same_bits(name: str):
    _compare_engines(KERNELS[name], 20_000, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", KERNELS)
def test_v8_computes_the_same_bits_for_a_million_rows(name: str):
    _compare_engines(KERNELS[name], 1_000_000, 3)


def _compare_engines(kernel: Kernel, n: int, seed: int) -> None:
    pytest.importorskip("py_mini_racer")
    inputs = columns(kernel, n, seed)
    assert bits(kernel(*inputs, errors="nan")) == bits(kernel.on("v8")(*inputs, errors="nan"))


def test_rows_do_not_depend_on_their_neighbours():
    """Two rows at once, the odd one, a scalar: the same bits."""
    inputs = columns(KERNELS["vol"], 101, 4)
    whole = KERNELS["vol"](*inputs, errors="nan")
    alone = [KERNELS["vol"](*(float(column[row]) for column in inputs), errors="nan") for row in range(101)]
    assert bits(whole) == bits(np.array(alone))


@pytest.mark.slow
def test_a_million_round_trips():
    """Volatilities between 1 % and 400 %, a day to three years, strikes within six deviations: back to 1e-12."""
    draw, n = np.random.default_rng(5), 1_000_000
    vol, expiry = (
        np.exp(draw.uniform(np.log(0.01), np.log(4.0), n)),
        np.exp(draw.uniform(np.log(1 / 365), np.log(3), n)),
    )
    deviation = vol * np.sqrt(expiry)
    sigmas = draw.uniform(-6, 6, n)
    forward = 100.0 * np.exp(sigmas * deviation)
    kind = np.where(forward < 100.0, 1.0, -1.0)
    price = quant.black76(forward, 100.0, expiry, vol, kind=kind)
    quick = KERNELS["vol"](price, forward, 100.0, expiry, 1.0, kind)  # a NaN would raise: no row needs the fallback
    # a price near its maximum says little of vol: its relative error, over the price's elasticity
    greeks = quant.black76_greeks(forward, 100.0, expiry, vol, kind)
    elasticity = greeks.vega * vol / price
    error = np.abs(quick / vol - 1.0)
    assert (error <= 1e-14 + 8e-15 / np.minimum(elasticity, 1.0) / np.minimum(1.0, deviation + 0.3)).all()
    assert np.quantile(error, 0.99) < 1e-14
    assert error[elasticity > 0.01].max() < 1e-12


def test_kinds():
    both = quant.black76(100.0, [90.0, 110.0], 0.5, 0.3)
    assert quant.black76(100.0, 90.0, 0.5, 0.3, kind="call") == both.call[0]
    for kind in (
        ["C", "P"],
        ["call", "put"],
        [1, -1],
        [True, False],
        np.array(["C", "P"], object),
        np.array([1.0, -1.0]),
    ):
        assert (quant.black76(100.0, [90.0, 110.0], 0.5, 0.3, kind=kind) == [both.call[0], both.put[1]]).all()
    pandas = pytest.importorskip("pandas")
    for kind in (pandas.Index(["C", "P"]), pandas.Categorical(["C", "P"])):
        assert signs(kind).tolist() == [1.0, -1.0]
    with pytest.raises(InvalidInput, match=r'kind\[1\]: expected "call" or "put".*found \'X\''):
        signs(["C", "X"])
    with pytest.raises(InvalidInput, match=r"kind: expected .* found 'straddle'"):
        signs("straddle")
    with pytest.raises(InvalidInput, match=r"kind\[2\]: .* found 0"):
        signs([1, -1, 0])


def test_series_stay_series():
    polars = pytest.importorskip("polars")
    strikes, kinds = polars.Series("strike", [90.0, 110.0]), polars.Series("kind", ["C", "P"])
    prices = quant.black76_inverse(100.0, strikes, 0.5, 0.3, kind=kinds)
    assert isinstance(quant.black76(100.0, strikes.to_numpy(), 0.5, 0.3, kind=kinds), polars.Series)
    assert prices.name == "black76_inverse"
    vols = quant.implied_vol_inverse(prices, 100.0, strikes, 0.5, kinds)
    assert isinstance(vols, polars.Series)
    assert vols.to_list() == pytest.approx([0.3, 0.3], rel=1e-14)


def test_errors_name_row_and_argument():
    with pytest.raises(InvalidInput, match=r"^vol\[1\]: expected a number ≥ 0, found -0.2"):
        quant.black76(100.0, 90.0, 0.5, [0.1, -0.2])
    with pytest.raises(InvalidInput, match=r"^strike: expected a number > 0, found 0.0"):
        quant.black_scholes_greeks(100.0, 0.0, 0.5, 0.2, "put")
    with pytest.raises(InvalidInput, match=r"^price\[1\]: expected at least the discounted intrinsic value, found 9.0"):
        quant.implied_vol([11.0, 9.0], 110.0, 100.0, 0.5, "C")
    with pytest.raises(InvalidInput, match=r"^price: expected less than the discounted forward"):
        quant.implied_vol(111.0, 110.0, 100.0, 0.5, "C")
    assert math.isnan(quant.black76(100.0, 90.0, -0.5, 0.1, errors="nan").call)
    assert np.isnan(quant.implied_vol([11.0, 9.0], 110.0, 100.0, 0.5, "C", errors="nan")).tolist() == [False, True]


def test_status_codes():
    prices = [12.0, 10.0, 9.0, 110.0, math.nan]
    found = quant.implied_vol(prices, 110.0, 100.0, 0.5, "C", full=True)
    assert [quant.ImpliedStatus(code).name for code in found.status.tolist()] == [
        "CONVERGED", "AT_INTRINSIC", "BELOW_INTRINSIC", "ABOVE_MAXIMUM", "INVALID_INPUT",
    ]  # fmt: skip
    assert np.isnan(found.vol).tolist() == [False, False, True, True, True]
    assert found.vol[1] == 0.0


def test_forward_from_parity():
    pair = quant.black76([100.0, 50.0], 90.0, 0.5, 0.4, 0.95)
    assert quant.parity_forward(*pair, 90.0, 0.95) == pytest.approx([100.0, 50.0], rel=1e-14)
    coin = quant.black76_inverse([100.0, 50.0], 90.0, 0.5, 0.4)
    assert quant.parity_forward_inverse(*coin, 90.0) == pytest.approx([100.0, 50.0], rel=1e-14)
