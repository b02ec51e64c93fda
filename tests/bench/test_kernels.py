"""The kernels' benchmark compares what computes the same."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from corten import quant
from corten.base.errors import HostFault
from corten.bench import _kernel_peers as peers
from corten.bench import kernels


def test_every_peer_that_is_asked_for_exists():
    asked = set(re.findall(r'"((?:numba|scipy|quantlib|vollib)_\w+)"', Path(kernels.__file__).read_text("utf-8")))
    assert asked == set(peers.PEERS)


def test_scipys_formula_is_ours():
    pytest.importorskip("scipy")
    columns = kernels.options(5_000)
    reference = peers.scipy_black76(columns)()
    kernels._same("scipy_black76", np.stack(quant.black76(**columns)), reference, 1e-9 * columns["forward"])
    with pytest.raises(HostFault, match="computes something else"):
        kernels._same("scipy_black76", np.stack(quant.black76(**columns)) + 1.0, reference, 1e-3)


def test_the_simulated_walk_is_a_martingale_after_carry():
    found = kernels._walk(8, 1).estimate(1 << 14)["value"]
    assert abs(found.mean - 100.0 * np.exp(0.05)) < 4 * found.standard_error
