"""Our prices and volatilities against an exchange's own marks (shared market data; skipped where they are not).

The exchange counts a year of 365 days. Its marks in coin are rounded to 1e-4 (5e-5 for cheap options), its
volatilities to 1e-4; some forwards in the chains are of a moment before or after the mark.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corten import quant

CHAINS = ("chains_8snapshots_202601_202604", "btc_daily_otm_20260101_20260430")
YEAR_MS = 365 * 86_400_000


@pytest.fixture(scope="module", params=CHAINS)
def chain(recordings: Path, request: pytest.FixtureRequest) -> dict[str, np.ndarray]:
    polars = pytest.importorskip("polars")
    path = recordings / "deribit_option_chains" / f"{request.param}.parquet"
    if not path.is_file():
        pytest.skip(f"option chains are not at {path}")
    frame = polars.read_parquet(path).with_columns(
        ((polars.col("expiry_utc") - polars.col("snapshot_utc")).dt.total_milliseconds() / YEAR_MS).alias("expiry"),
        polars.col("option_type").cast(str),
    )
    has_mark = (polars.col("implied_volatility") > 0) & (polars.col("expiry") > 0)
    frame = frame.filter(has_mark & (polars.col("futures_price").fill_nan(0.0).fill_null(0.0) > 0))
    columns = "futures_price strike expiry option_type implied_volatility mark_price delta".split()
    return {name: frame[name].to_numpy() for name in columns}


def option(chain: dict[str, np.ndarray]) -> tuple[Any, ...]:
    return chain["futures_price"], chain["strike"], chain["expiry"]


def test_prices_from_the_exchanges_volatility(chain):
    found = quant.black76_inverse(*option(chain), chain["implied_volatility"], kind=chain["option_type"])
    error = np.abs(found - chain["mark_price"])
    assert len(error) > 12_000
    assert np.quantile(error, 0.5) < 1e-5
    assert np.quantile(error, 0.95) < 1e-4


def test_deltas_are_the_exchanges(chain):
    """The exchange shows Black's delta, not the coin one."""
    greeks = quant.black76_inverse_greeks(*option(chain), chain["implied_volatility"], chain["option_type"])
    assert np.quantile(np.abs(greeks.black_delta - chain["delta"]), 0.95) < 4e-3
    assert np.quantile(np.abs(greeks.net_delta - chain["delta"]), 0.95) > 2e-2


def test_volatility_from_the_exchanges_prices(chain):
    """Where half of 1e-4 coin moves volatility by less than 0.5 %, ours is theirs."""
    found = quant.implied_vol_inverse(chain["mark_price"], *option(chain), chain["option_type"], full=True)
    greeks = quant.black76_inverse_greeks(*option(chain), chain["implied_volatility"], chain["option_type"])
    known = greeks.vega > 5e-5 / 0.005
    error = np.abs(found.vol - chain["implied_volatility"])[known]
    assert (found.status[known] == quant.ImpliedStatus.CONVERGED.value).all()
    assert known.mean() > 0.6
    assert np.quantile(error, 0.5) < 3e-4
    assert np.quantile(error, 0.95) < 2e-3


def test_what_the_exchange_quotes_below_intrinsic_is_told(chain):
    """Rounded marks of options deep in the money can lie at or below the intrinsic value: those rows say so."""
    found = quant.implied_vol_inverse(chain["mark_price"], *option(chain), chain["option_type"], full=True)
    codes = quant.ImpliedStatus
    assert set(found.status.tolist()) <= {codes.CONVERGED.value, codes.AT_INTRINSIC.value, codes.BELOW_INTRINSIC.value}
    assert (np.isnan(found.vol) == (found.status == codes.BELOW_INTRINSIC.value)).all()
