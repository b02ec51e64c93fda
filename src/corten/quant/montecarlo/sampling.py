"""Where normal variates come from: the kernel that draws them and makes steps with them, or columns that it is given.

A step of a model has factors, the parameters called `z` or `z_…`, each with an independent standard normal variate a
step.

philox      variate = normal(word) of Philox4x32-10 at the counter (path, block of steps, number of the block's words)
antithetic  the same, paths 2i and 2i + 1 with opposite variates
sobol       Sobol's sequence, its digits permuted by a seed for each dimension, through a Brownian bridge in time
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput
from corten.contracts import random
from corten.quant.montecarlo.sobol import Bridge, direction_numbers
from corten.vm.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corten.vm.kernels import Kernel

PHILOX, ANTITHETIC, SOBOL = "philox", "antithetic", "sobol"
SAMPLINGS: Final = (PHILOX, ANTITHETIC, SOBOL)
_WORDS: Final = 4  # that a counter gives
_WORD: Final = 0xFFFF_FFFF
_SEED: Final = np.uint64(0xFFFF_FFFF_FFFF_FFFF)


sobol_normal = kernel(random.sobol_normal)
scramble_seed = kernel(random.scramble_seed)


@dataclass(frozen=True)
class Step:
    """A user's step: its state's parameter, its factors, whether it asks for time, and the parameters that are left."""

    kernel: Kernel
    state: str
    factors: tuple[str, ...]
    clock: tuple[str, ...]
    parameters: tuple[str, ...]
    types: Mapping[str, str]

    @classmethod
    def of(cls, step: Kernel) -> Step:
        """Reads the parameters; InvalidInput when there is no state or no factor."""
        types = step.annotations()
        names = [name for name in types if name != "return"]
        if not names or types.get("return") != types[names[0]]:
            raise InvalidInput("step", "def step(state: State, z: f64, …) -> State", f"{step!r}")
        factors = tuple(name for name in names[1:] if name == "z" or name.startswith("z_"))
        if not factors:
            raise InvalidInput("step", "a parameter `z`, or several `z_…`: normal variates", f"{step!r}")
        clock = tuple(name for name in names[1:] if name in ("dt", "time"))
        rest = tuple(name for name in names[1:] if name not in factors + clock)
        return cls(step, names[0], factors, clock, rest, types)

    def at_once(self, sampling: str) -> int:
        """Steps that one run of the loop makes: those whose variates one counter gives."""
        return 1 if sampling == SOBOL else max(1, _WORDS // len(self.factors))

    def block(self, sampling: str, count: int) -> Kernel:
        """The kernel that draws the variates of `count` steps and makes them.

        One step by itself is told by `_first` which of a block's words is its first.
        """
        drawn = sampling != SOBOL
        timed = self.clock + self.parameters
        columns = [(f"{name}_{number}", self.types[name]) for number in range(count) for name in timed]
        draws = [(name, self.types[name]) for name in self.factors]
        if drawn:
            draws = [(name, "_u64") for name in ("_path", "_block", "_first", "_seed")]
        declared = [(self.state, self.types[self.state]), *draws, *columns]
        signature = ", ".join(f"{name}: {kind}" for name, kind in declared)
        lines = [
            "from corten.contracts.random import normal as _normal, philox4x32 as _philox, word_at as _word_at",
            "from corten.lang import u64 as _u64, wrapping_add as _wrapping_add, wrapping_sub as _wrapping_sub",
            "",
            f"def _block_of_steps({signature}) -> {self.types['return']}:",
        ]
        if drawn:
            lines += self._draws(sampling, count)
        before = self.state
        for number in range(count):
            values = [f"{name}={name}_{number}" for name in timed]
            for position, name in enumerate(self.factors):
                word = self._word(count, number, position) + " ^ _mirror" * (sampling == ANTITHETIC)
                values.append(f"{name}=_normal({word})" if drawn else f"{name}={name}")
            lines.append(f"    _s{number} = {self.kernel.function.__name__}({before}, {', '.join(values)})")
            before = f"_s{number}"
        lines += [f"    return {before}", ""]
        return self.kernel.extended("_block_of_steps", "\n".join(lines), [name for name, _ in declared])

    def _word(self, count: int, number: int, position: int) -> str:
        """The word of a factor's variate in the step `number` of `count` made at once."""
        factors = len(self.factors)
        if count > 1 or factors > _WORDS // 2:
            word = number * factors + position
            return f"_w{word // _WORDS}.{'abcd'[word % _WORDS]}"
        return f"_word_at(_w0, _wrapping_add(_first, {position}))"

    def _draws(self, sampling: str, count: int) -> list[str]:
        path = "_path"
        lines = []
        if sampling == ANTITHETIC:
            lines = [f"    _mirror = _wrapping_sub(0, _path & 1) & {_WORD}", "    _pair = _path >> 1"]
            path = "_pair"
        for number in range(-(-count * len(self.factors) // _WORDS)):
            counter = f"{path} & {_WORD}, {path} >> 32, _block, {number}, _seed & {_WORD}, _seed >> 32"
            lines.append(f"    _w{number} = _philox({counter})")
        return lines


def sobol_variates(
    paths: NDArray[np.uint64], times: NDArray[np.float64], factors: int, points: int, replicate: int, seed: int
) -> NDArray[np.float64]:
    """Variates (steps, factors, paths) of points of the sequence: a dimension for each factor and bridge step."""
    steps = len(times)
    directions = direction_numbers(steps * factors, points)
    dimensions = np.arange(steps * factors, dtype=np.uint64)
    seeds = scramble_seed(dimensions, np.uint64(replicate), np.uint64(seed) & _SEED)
    bridge = Bridge.of(times)
    result = np.empty((steps, factors, len(paths)))
    for factor in range(factors):
        normals = np.empty((steps, len(paths)))
        for step in range(steps):
            dimension = step * factors + factor
            sobol_normal(paths, directions[dimension], seeds[dimension], out=normals[step])
        result[:, factor] = bridge.increments(normals, times)
    return result


def schedule(values: Any, at_once: int) -> list[NDArray[Any]]:
    """A parameter for each of the steps that one run makes: one value or struct, or a value for each run (runs, 1).

    `values`: one, or one for each step of all runs.
    """
    array = np.asarray(values)
    if array.ndim == 0:
        return [values] * at_once
    return [array[number::at_once].reshape(-1, 1, *array.shape[1:]) for number in range(at_once)]
