"""What every test may use: the recorded market data, where they are, and Hypothesis settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# `quick` is what runs by default, the same examples every time; `thorough` looks for new ones:
#     HYPOTHESIS_PROFILE=thorough make test
settings.register_profile("quick", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", deadline=None, max_examples=2000, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The directory of recorded market data: $CORTEN_DATA, or shared/data beside the checkout."""
    directory = Path(os.environ.get("CORTEN_DATA") or ROOT.parent / "shared" / "data")
    if not directory.is_dir():
        pytest.skip(f"recorded market data are not at {directory}; set CORTEN_DATA to where they are")
    return directory
