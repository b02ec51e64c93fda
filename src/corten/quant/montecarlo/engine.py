"""Expectations over simulated paths: the step of a model and a payoff, both kernels; paths in blocks of fixed size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput
from corten.quant.montecarlo.estimate import Estimate, Moments, controlled_estimate, merge, plain_estimate
from corten.quant.montecarlo.sampling import ANTITHETIC, SAMPLINGS, SOBOL, Step, schedule, sobol_variates

if TYPE_CHECKING:
    from corten.vm.kernels import Kernel

BLOCK: Final = 16_384
"""Paths of a block; an even number, so that antithetic pairs stay together."""
REPLICATES: Final = 16
"""Independent scramblings of a Sobol sequence: what its standard error is estimated from."""


class Executor(Protocol):
    """Whatever maps a function over items in order: an executor of `concurrent.futures`, `RayExecutor`."""

    def map(self, function: Callable[[Any], Any], items: Iterable[Any], /) -> Iterable[Any]:
        """The results, in the order of the items."""


@dataclass(frozen=True)
class Simulation:
    """Paths of a model from 0 to the last of `times` (years, increasing), and what they pay.

    `step` maps (state, z …, dt, time, parameters …) to the next state: one struct, from one of `times` to the next.
    Parameters called `z` or `z_…` are independent standard normal variates; `dt` and `time` (the step's end) are given
    if they are asked for; the others come from `parameters`, one value or one for each step. `payoff` maps (state,
    parameters …) to a number, or to a struct whose every field is estimated; it takes its parameters from `parameters`
    too.
    """

    step: Kernel
    payoff: Kernel
    initial: Mapping[str, float]
    times: NDArray[np.float64]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    sampling: str = "philox"

    def __post_init__(self) -> None:
        times = np.atleast_1d(np.asarray(self.times, float))
        if times.ndim != 1 or not len(times) or not np.all(np.diff(times, prepend=0.0) > 0.0):
            raise InvalidInput("times", "increasing times after 0, in years", np.array2string(times, threshold=6))
        if self.sampling not in SAMPLINGS:
            raise InvalidInput("sampling", " or ".join(map(repr, SAMPLINGS)), repr(self.sampling))
        if not 0 <= self.seed < 1 << 64:
            raise InvalidInput("seed", "0 … 2⁶⁴ − 1", repr(self.seed))
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "_step", Step.of(self.step))
        wanted = [*self._step.parameters, *self._payoff_parameters]
        missing = [name for name in wanted if name not in self.parameters]
        unknown = [name for name in self.parameters if name not in wanted]
        if missing or unknown:
            found = " and ".join(
                [f"no {', '.join(missing)}"] * bool(missing)
                + [f"{', '.join(unknown)}, which nothing takes"] * bool(unknown)
            )
            raise InvalidInput("parameters", f"{', '.join(dict.fromkeys(wanted))} of the step and the payoff", found)
        object.__setattr__(self, "_blocks", {})

    _step: Step = field(init=False, repr=False)
    _blocks: dict[int, Kernel] = field(init=False, repr=False)

    @property
    def _payoff_parameters(self) -> list[str]:
        return [name for name in self.payoff.annotations() if name != "return"][1:]

    def states(
        self, first: int, count: int, *, points: int = 0, replicate: int = 0, threads: int = 1
    ) -> Mapping[str, NDArray[Any]]:
        """The states at the end of the paths `first` … `first + count − 1`: columns (count,) by name.

        With Sobol sampling of the sequence's first `points` points, under the scrambling `replicate`.
        """
        paths = np.arange(first, first + count, dtype=np.uint64)
        steps, at_once = len(self.times), self._step.at_once(self.sampling)
        given = self._given()
        state: Any = {name: np.full(count, float(value)) for name, value in self.initial.items()}
        if self.sampling == SOBOL:
            factors = self._step.factors
            variates = sobol_variates(paths, self.times, len(factors), points, replicate, self.seed)
            columns = {name: variates[:, number] for number, name in enumerate(factors)}
            for name, value in given.items():
                columns[f"{name}_0"] = schedule(value, 1)[0]
            return dict(self._block(1).iterate(steps, state, threads=threads, **columns)._asdict())
        runs, rest = divmod(steps, at_once)
        for begin, length, blocks in ((0, at_once, runs), (runs * at_once, rest, min(rest, 1))):
            if not blocks:
                continue
            end = begin + length * blocks
            columns = self._counters(paths, begin // at_once, blocks)
            for name, value in given.items():
                part = value if np.ndim(value) == 0 else np.asarray(value)[begin:end]
                for number, column in enumerate(schedule(part, length)):
                    columns[f"{name}_{number}"] = column
            state = self._block(length).iterate(blocks, state, threads=threads, **columns)._asdict()
        return dict(state)

    def trajectories(self, first: int, count: int) -> Iterator[Mapping[str, NDArray[Any]]]:
        """The states of these paths at each of `times`, in order: columns by name. The last are those of `states`.

        Not for Sobol sampling, whose paths are filled in from their ends.
        """
        if self.sampling == SOBOL:
            raise InvalidInput("sampling", "'philox' or 'antithetic' for trajectories", repr(self.sampling))
        paths = np.arange(first, first + count, dtype=np.uint64)
        at_once, given = self._step.at_once(self.sampling), self._given()
        state: Any = {name: np.full(count, float(value)) for name, value in self.initial.items()}
        for step in range(len(self.times)):
            block, number = divmod(step, at_once)
            columns = self._counters(paths, block, 1, number * len(self._step.factors))
            for name, value in given.items():
                columns[f"{name}_0"] = value[step] if np.ndim(value) else value
            state = self._block(1).iterate(1, state, **columns)._asdict()
            yield state

    def _given(self) -> dict[str, Any]:
        """What the step is given by name: one value, or one for each step."""
        steps = len(self.times)
        values = {"dt": np.diff(self.times, prepend=0.0), "time": self.times} | dict(self.parameters)
        given = {name: values[name] for name in self._step.clock + self._step.parameters}
        for name, value in given.items():
            if np.ndim(value) and len(value) != steps:
                raise InvalidInput(name, f"one value, or one for each of {steps} steps", f"shape {np.shape(value)}")
        return given

    def _counters(self, paths: NDArray[np.uint64], block: int, blocks: int, first: int = 0) -> dict[str, Any]:
        """What the generator counts by."""
        numbers = np.arange(block, block + blocks, dtype=np.uint64)[:, None]
        return {"_path": paths, "_block": numbers, "_first": np.uint64(first), "_seed": np.uint64(self.seed)}

    def _block(self, count: int) -> Kernel:
        if count not in self._blocks:
            self._blocks[count] = self._step.block(self.sampling, count)
        return self._blocks[count]

    def values(self, first: int, count: int, **options: Any) -> tuple[list[str], NDArray[np.float64]]:
        """The payoff's names and values (count, names) on these paths."""
        given = {name: self.parameters[name] for name in self._payoff_parameters}
        result = self.payoff(self.states(first, count, **options), **given)
        if hasattr(result, "_asdict"):
            return list(result._fields), np.stack(result, axis=1)
        return ["value"], np.asarray(result).reshape(-1, 1)

    def estimate(
        self,
        paths: int,
        *,
        control: Mapping[str, float] | None = None,
        threads: int = 1,
        executor: Executor | None = None,
    ) -> dict[str, Estimate]:
        """The mean and standard error of every value that the payoff gives, by name ("value" if it gives one).

        `control`: the name of one value and its known mean; the others are estimated with it as control variate. Blocks
        of 16,384 paths go to `threads` of this process or to `executor`; the result does not depend on them. Antithetic
        sampling takes an even number of paths and counts pairs; Sobol takes a power of two for each of 16 scramblings,
        and counts those.
        """
        tasks = self._tasks(paths)
        if executor is not None:
            parts = list(executor.map(self._moments, tasks))
        elif threads > 1:
            with ThreadPoolExecutor(threads) as pool:
                parts = list(pool.map(self._moments, tasks))
        else:
            parts = [self._moments(task) for task in tasks]
        names = parts[0][0]
        moments = _replicates(parts, tasks) if self.sampling == SOBOL else merge([part for _, part in parts])
        return _estimates(names, moments, control)

    def _tasks(self, paths: int) -> list[tuple[int, int, int, int]]:
        """First path, number of paths, points of the sequence, replicate."""
        if self.sampling == SOBOL:
            points = paths // REPLICATES
            if paths % REPLICATES or points < 2 or points & (points - 1):
                raise InvalidInput("paths", f"{REPLICATES} times a power of two, for Sobol's sequence", f"{paths:,}")
            return [
                (first, min(BLOCK, points - first), points, replicate)
                for replicate in range(REPLICATES)
                for first in range(0, points, BLOCK)
            ]
        if paths < 2 or (self.sampling == ANTITHETIC and paths % 2):
            raise InvalidInput("paths", "2 or more, and an even number of antithetic ones", f"{paths:,}")
        return [(first, min(BLOCK, paths - first), 0, 0) for first in range(0, paths, BLOCK)]

    def _moments(self, task: tuple[int, int, int, int]) -> tuple[list[str], Moments]:
        first, count, points, replicate = task
        names, values = self.values(first, count, points=points, replicate=replicate)
        if self.sampling == ANTITHETIC:
            values = 0.5 * (values[0::2] + values[1::2])
        return names, Moments.of(values)


def _replicates(parts: list[tuple[list[str], Moments]], tasks: list[tuple[int, int, int, int]]) -> Moments:
    """Moments of the replicates' means: the points of one sequence are not independent."""
    groups: dict[int, list[Moments]] = {}
    for (_, moments), (*_, replicate) in zip(parts, tasks, strict=True):
        groups.setdefault(replicate, []).append(moments)
    return Moments.of(np.stack([merge(group).means for group in groups.values()]))


def _estimates(names: list[str], moments: Moments, control: Mapping[str, float] | None) -> dict[str, Estimate]:
    if control is None:
        return {name: plain_estimate(moments, number) for number, name in enumerate(names)}
    known = dict(control)
    if len(known) != 1 or next(iter(known)) not in names:
        raise InvalidInput("control", f"one of {', '.join(names)} and its mean", str(known))
    ((name, expected),) = known.items()
    number = names.index(name)
    found = {}
    for position, each in enumerate(names):
        order = [position, number]
        pair = Moments(moments.count, moments.means[order], moments.products[np.ix_(order, order)])
        found[each] = controlled_estimate(pair, expected) if position != number else plain_estimate(moments, number)
    return found
