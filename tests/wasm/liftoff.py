"""V8's baseline compiler, which engine `v8` never uses: modules, contracts and recursions in a process of its own.

python -m tests.wasm.liftoff [SEED] [--count N]
"""

from __future__ import annotations

import argparse

import corten.vm.host
from tests.instrument import test_stack_depth
from tests.spec.differential import check
from tests.spec.machines import fake_service
from tests.spec.test_contracts import check as check_contract
from tests.wasm.v8_guest import use_liftoff


def main() -> None:
    parser = argparse.ArgumentParser(description="differential tests on V8's Liftoff")
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--count", type=int, default=8)
    arguments = parser.parse_args()
    use_liftoff()
    corten.vm.host.service = fake_service  # type: ignore[assignment]
    seeds = range(arguments.seed, arguments.seed + arguments.count)
    modules = [check(seed, engines=("v8",)) for seed in seeds]
    contracts = [check_contract(seed, ("wasmtime", "v8")) for seed in seeds]
    test_stack_depth.ENGINES = ("v8",)
    for frame in test_stack_depth.FRAMES[:: 1 if arguments.count > 8 else 6]:
        test_stack_depth.test_depth_is_the_same_everywhere(*frame)
    returned = sum(ended["returned"] for ended in modules)
    accepted = sum(ended["accepted"] for ended in contracts)
    print(f"{returned} calls returned, {accepted} messages accepted")


if __name__ == "__main__":
    main()
