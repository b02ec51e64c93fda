"""An interpreter that ends while kernels and contracts live says nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BEGIN = """
import sys
sys.pinned = sys.modules[__name__]  # as an extension module may pin it: it outlives the modules imported behind it
"""
KERNELS = (
    BEGIN
    + """
from tests.kernel import stepping
import numpy as np
engine = sys.argv[1]
add = stepping.no_state.on(engine)
print(add(1.0, 2.0), add(np.ones(20000), 1.0, threads=2).sum())
weigh = stepping.weigh.on(engine)
print(weigh.iterate(2, {"x": 1.0, "total": 0.0, "hits": 0}, weights=np.ones(3)).total.item())
"""
)
CONTRACT = (
    BEGIN
    + """
from corten.vm import Machine
from tests.vm.modules import token
machine = Machine(engine=sys.argv[1])
contract = machine.deploy(token(), sender=1, supply=1000)
"""
)


@pytest.mark.parametrize("engine", ["wasmtime", "v8"])
@pytest.mark.parametrize(
    ("script", "output"), [(KERNELS, "3.0 40000.0\n2.0\n"), (CONTRACT, "")], ids=["kernels", "contract"]
)
def test_nothing_is_printed_at_exit(engine, script, output):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", script, engine]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", output)
