"""The peers' side of `corten bench kernels`: a script for the interpreter of the peers' own environment.

It imports numba, SciPy, QuantLib and py_vollib_vectorized, never Corten (numba pins the llvmlite that the compiler also
uses). It reads one JSON command a line and answers one JSON line: {"columns": {name: path of .npy}} gives the inputs,
{"prepare": peer} imports and compiles, {"time": peer} does the work once and tells its seconds, {"result": peer, "to":
path} saves what it computed last.
"""

from __future__ import annotations

import json
import math
import sys
import time
import warnings
from typing import Any

import numpy as np

warnings.simplefilter("ignore")

Columns = dict[str, Any]


def numba_black76(columns: Columns) -> Any:
    """Black-76 call and put, a plain loop with numba's libm."""
    import numba

    @numba.njit
    def prices(forward, strike, expiry, vol, call, put):  # type: ignore[no-untyped-def]
        half = math.sqrt(0.5)
        for i in range(len(forward)):
            deviation = vol[i] * math.sqrt(expiry[i])
            d1 = math.log(forward[i] / strike[i]) / deviation + 0.5 * deviation
            d2 = d1 - deviation
            n1 = 0.5 * math.erfc(-d1 * half)
            n2 = 0.5 * math.erfc(-d2 * half)
            value = forward[i] * n1 - strike[i] * n2
            call[i] = value
            put[i] = value - forward[i] + strike[i]

    inputs = [columns[name] for name in ("forward", "strike", "expiry", "vol")]
    call, put = np.empty_like(inputs[0]), np.empty_like(inputs[0])

    def work() -> Any:
        prices(*inputs, call, put)
        return np.stack([call, put])

    return work


def scipy_black76(columns: Columns) -> Any:
    """Black-76 call and put in numpy expressions, the normal distribution of SciPy."""
    from scipy.special import ndtr

    forward, strike, expiry, vol = (columns[name] for name in ("forward", "strike", "expiry", "vol"))

    def work() -> Any:
        deviation = vol * np.sqrt(expiry)
        d1 = np.log(forward / strike) / deviation + 0.5 * deviation
        call = forward * ndtr(d1) - strike * ndtr(d1 - deviation)
        return np.stack([call, call - forward + strike])

    return work


def quantlib_black76(columns: Columns) -> Any:
    """QuantLib-Python's Black formula, called for each call and put. Only the first rows: it is timed by the option."""
    import QuantLib as ql  # noqa: N813

    rows = list(zip(*(columns[name][:20_000].tolist() for name in ("forward", "strike", "expiry", "vol")), strict=True))
    formula, call_kind, put_kind = ql.blackFormula, ql.Option.Call, ql.Option.Put

    def work() -> Any:
        calls, puts = [], []
        for forward, strike, expiry, vol in rows:
            deviation = vol * math.sqrt(expiry)
            calls.append(formula(call_kind, strike, forward, deviation))
            puts.append(formula(put_kind, strike, forward, deviation))
        return np.array([calls, puts])

    return work


def quantlib_option(columns: Columns) -> Any:
    """QuantLib-Python's option and analytic engine, as its users price one after the other: set quotes, take NPV."""
    import QuantLib as ql  # noqa: N813

    today = ql.Date(1, 1, 2026)
    ql.Settings.instance().evaluationDate = today
    rows = list(zip(*(columns[name][:2_000].tolist() for name in ("forward", "strike", "expiry", "vol")), strict=True))
    count = ql.Actual365Fixed()
    forward_quote, vol_quote = ql.SimpleQuote(1.0), ql.SimpleQuote(1.0)
    flat = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.0, count))
    surface = ql.BlackVolTermStructureHandle(
        ql.BlackConstantVol(today, ql.NullCalendar(), ql.QuoteHandle(vol_quote), count)
    )
    engine = ql.AnalyticEuropeanEngine(ql.BlackProcess(ql.QuoteHandle(forward_quote), flat, surface))
    exercise = ql.EuropeanExercise(today + 365)

    def price(kind: int, forward: float, strike: float, expiry: float, vol: float) -> float:
        option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, strike), exercise)
        option.setPricingEngine(engine)
        forward_quote.setValue(forward)
        vol_quote.setValue(vol * math.sqrt(expiry))  # dates count days: a year at the vol that has the same variance
        return float(option.NPV())

    def work() -> Any:
        calls = [price(ql.Option.Call, *row) for row in rows]
        return np.array([calls, [price(ql.Option.Put, *row) for row in rows]])

    return work


def vollib_implied(columns: Columns) -> Any:
    """py_vollib_vectorized's implied volatility of Black-76 prices."""
    from py_vollib_vectorized import vectorized_implied_volatility_black as implied

    price, forward, strike, expiry = (columns[name] for name in ("price", "forward", "strike", "expiry"))
    flags = np.where(columns["is_call"], "c", "p")

    def work() -> Any:
        return implied(price, forward, strike, 0.0, expiry, flags, return_as="numpy")

    return work


def quantlib_american(columns: Columns) -> Any:
    """QuantLib's American put on the 801-step Leisen-Reimer lattice, one engine an option, as its users call it."""
    return _american(columns, lambda ql, process: ql.BinomialVanillaEngine(process, "lr", 801))


def quantlib_american_precise(columns: Columns) -> Any:
    """The same puts by QuantLib's spectral engine in its most precise setting: what errors are taken against."""
    return _american(
        columns, lambda ql, process: ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme())
    )


def _american(columns: Columns, engine: Any) -> Any:
    import QuantLib as ql  # noqa: N813

    today = ql.Date(1, 1, 2026)
    ql.Settings.instance().evaluationDate = today
    names = ("spot", "strike", "expiry", "vol", "rate", "dividend")
    rows = list(zip(*(columns[name].tolist() for name in names), strict=True))
    calendar, count = ql.NullCalendar(), ql.Actual365Fixed()

    def price(spot: float, strike: float, expiry: float, vol: float, rate: float, dividend: float) -> float:
        flat = [ql.YieldTermStructureHandle(ql.FlatForward(today, one, count)) for one in (dividend, rate)]
        volatility = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, calendar, vol, count))
        process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(spot)), *flat, volatility)
        exercise = ql.AmericanExercise(today, today + round(expiry * 365))
        option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Put, strike), exercise)
        option.setPricingEngine(engine(ql, process))
        return float(option.NPV())

    def work() -> Any:
        return np.array([price(*row) for row in rows])

    return work


def numba_gbm(columns: Columns) -> Any:
    """Geometric Brownian motion in numba with the same generator, Philox4x32-10, and libm's functions.

    Terminal values; every normal comes from one 32-bit word through Wichura's AS 241, as scalar code.
    """
    import numba

    u32, u64 = np.uint32, np.uint64

    @numba.njit(inline="always")
    def philox(c0, c1, c2, c3, k0, k1):  # type: ignore[no-untyped-def]
        for _ in range(10):
            p0 = u64(c0) * u64(0xD2511F53)
            p1 = u64(c2) * u64(0xCD9E8D57)
            c0, c1, c2, c3 = (
                u32(u32(p1 >> u64(32)) ^ c1 ^ k0),
                u32(p1),
                u32(u32(p0 >> u64(32)) ^ c3 ^ k1),
                u32(p0),
            )
            k0 = u32(k0 + u32(0x9E3779B9))
            k1 = u32(k1 + u32(0xBB67AE85))
        return c0, c1, c2, c3

    @numba.njit(inline="always")
    def normal(word):  # type: ignore[no-untyped-def]
        p = (float(word) + 0.5) * 2.0**-32
        q = p - 0.5
        if abs(q) <= 0.425:
            r = 0.180625 - q * q
            top = (
                (
                    (
                        (
                            ((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r
                            + 4.5921953931549871457e4
                        )
                        * r
                        + 1.3731693765509461125e4
                    )
                    * r
                    + 1.9715909503065514427e3
                )
                * r
                + 1.3314166789178437745e2
            ) * r + 3.3871328727963666080e0
            bottom = (
                (
                    (
                        (
                            ((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4) * r
                            + 2.1213794301586595867e4
                        )
                        * r
                        + 5.3941960214247511077e3
                    )
                    * r
                    + 6.8718700749205790830e2
                )
                * r
                + 4.2313330701600911252e1
            ) * r + 1.0
            return q * top / bottom
        r = math.sqrt(-math.log(p if q < 0.0 else 1.0 - p))
        if r <= 5.0:
            r -= 1.6
            top = (
                (
                    (
                        (
                            (
                                (7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r
                                + 2.41780725177450611770e-1
                            )
                            * r
                            + 1.27045825245236838258e0
                        )
                        * r
                        + 3.64784832476320460504e0
                    )
                    * r
                    + 5.76949722146069140550e0
                )
                * r
                + 4.63033784615654529590e0
            ) * r + 1.42343711074968357734e0
            bottom = (
                (
                    (
                        (
                            (
                                (1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r
                                + 1.51986665636164571966e-2
                            )
                            * r
                            + 1.48103976427480074590e-1
                        )
                        * r
                        + 6.89767334985100004550e-1
                    )
                    * r
                    + 1.67638483018380384940e0
                )
                * r
                + 2.05319162663775882187e0
            ) * r + 1.0
        else:
            r -= 5.0
            top = (
                (
                    (
                        (
                            (
                                (2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r
                                + 1.24266094738807843860e-3
                            )
                            * r
                            + 2.65321895265761230930e-2
                        )
                        * r
                        + 2.96560571828504891230e-1
                    )
                    * r
                    + 1.78482653991729133580e0
                )
                * r
                + 5.46378491116411436990e0
            ) * r + 6.65790464350110377720e0
            bottom = (
                (
                    (
                        (
                            (
                                (2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r
                                + 1.84631831751005468180e-5
                            )
                            * r
                            + 7.86869131145613259100e-4
                        )
                        * r
                        + 1.48753612908506148525e-2
                    )
                    * r
                    + 1.36929880922735805310e-1
                )
                * r
                + 5.99832206555887937690e-1
            ) * r + 1.0
        return -top / bottom if q < 0.0 else top / bottom

    @numba.njit
    def terminal(paths, steps, spot, drift, vol, seed, out):  # type: ignore[no-untyped-def]
        for path in range(paths):
            value = math.log(spot)
            for block in range(steps // 4):
                words = philox(u32(path), u32(0), u32(block), u32(0), u32(seed), u32(0))
                for word in words:
                    value += drift + vol * normal(word)
            out[path] = math.exp(value)

    paths, steps = (int(columns[name][0]) for name in ("paths", "steps"))
    spot, drift, vol, seed = (float(columns[name][0]) for name in ("spot", "drift", "vol", "seed"))
    out = np.empty(paths)

    def work() -> Any:
        terminal(paths, steps, spot, drift, vol, int(seed), out)
        return out

    return work


PEERS = {
    one.__name__: one
    for one in (
        numba_black76,
        scipy_black76,
        quantlib_black76,
        quantlib_option,
        vollib_implied,
        quantlib_american,
        quantlib_american_precise,
        numba_gbm,
    )
}


def main() -> None:
    """Answer commands until the input ends."""
    columns: Columns = {}
    prepared: dict[str, Any] = {}
    results: dict[str, Any] = {}
    for line in sys.stdin:
        command = json.loads(line)
        answer: dict[str, Any] = {}
        match command:
            case {"columns": files}:
                columns = {name: np.load(path) for name, path in files.items()}
                prepared.clear()
            case {"prepare": name}:
                prepared[name] = PEERS[name](columns)
                results[name] = prepared[name]()
            case {"time": name}:
                begin = time.perf_counter_ns()
                results[name] = prepared[name]()
                answer["seconds"] = (time.perf_counter_ns() - begin) / 1e9
            case {"result": name, "to": path}:
                np.save(path, results[name])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
