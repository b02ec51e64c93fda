"""No test of host functions reads or writes the user's cache; both engines that run modules are tested."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CORTEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(params=["wasmtime", "v8"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "v8":
        pytest.importorskip("py_mini_racer")
    return str(request.param)
