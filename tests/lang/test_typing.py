"""Contract source passes mypy --strict as ordinary Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

RIGHT = """
from corten.lang import Contract, Enum, Handle, Map, Pool, Unit, Vec, contract, i64, message, struct, u32

class Ticks(Unit[i64]): ...

@struct
class Order:
    price: Ticks
    size: i64 = 0

@contract
class Book(Contract):
    orders: Pool[Order]
    by_owner: Map[u32, Handle[Order]]
    prices: Vec[Ticks]

    @message
    def place(self, price: Ticks) -> Handle[Order]:
        handle = self.orders.insert(Order(price=price + 1))
        self.orders[handle].price += 2 * price
        self.by_owner[self.sender] = handle
        steps: i64 = price // Ticks(3)
        half: Ticks = price // 2
        for each in self.prices:
            half = max(half, each)
        self.orders[handle].size = steps + i64(half)
        return handle
"""

WRONG = {
    "a number is no unit": ("Order(price=price + 1)", "Order(price=1)", "arg-type"),
    "a field that does not exist": ("Order(price=price + 1)", "Order(cost=price)", "call-arg"),
    "a quotient is no unit": ("half: Ticks = price // 2", "half: Ticks = price // Ticks(2)", "assignment"),
    "a number is no handle": ("self.orders[handle].price", "self.orders[5].price", "index"),
    "elements have the container's type": ("half = max(half, each)", "half = each.price", "attr-defined"),
    "a handle knows its type": ("Map[u32, Handle[Order]]", "Map[u32, Handle[u32]]", "assignment"),
}


def mypy(*arguments, cache):
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--explicit-package-bases",
        f"--cache-dir={cache}",
        *map(str, arguments),
    ]
    environment = {"MYPYPATH": f"{ROOT / 'src'}:{ROOT / 'tests/contracts'}", "PATH": ""}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.slow
def test_examples_and_containers(cache):
    sources = sorted((ROOT / "tests/contracts").glob("*.py"))
    assert len(sources) >= 6
    result = mypy(ROOT / "src/corten/lang/containers.py", *sources, cache=cache)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
def test_what_type_checkers_find(cache, tmp_path):
    """One right file, and one for each mistake: all in one run, each error where it belongs."""
    (tmp_path / "right.py").write_text(RIGHT)
    for number, (old, new, _) in enumerate(WRONG.values()):
        assert old in RIGHT
        (tmp_path / f"wrong_{number}.py").write_text(RIGHT.replace(old, new))
    result = mypy(*sorted(tmp_path.glob("*.py")), cache=cache)
    errors = [line for line in result.stdout.splitlines() if ": error:" in line]
    assert not any("right.py" in line for line in errors), result.stdout
    for number, (name, (_, _, code)) in enumerate(WRONG.items()):
        assert any(f"wrong_{number}.py" in line and f"[{code}]" in line for line in errors), name + "\n" + result.stdout
