"""Blocks of paths on a Ray cluster: an executor like those of `concurrent.futures`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from corten.base.errors import InvalidInput


class RayExecutor:
    """Maps over the workers of the Ray cluster that `ray.init` joined; results come in the order of the items.

    Kernels travel as text and are compiled, or found in the cache, once a worker. InvalidInput without Ray.

    `ray.init` replaces the process's signal handlers, Wasmtime's too: a kernel or contract that traps in the driver
    afterwards ends the process. Keep what may trap in the workers, or in another process than Ray's driver.
    """

    def __init__(self, tasks_at_once: int = 64) -> None:
        try:
            import ray
        except ImportError:
            raise InvalidInput("executor", "Ray", "no Ray: pip install 'corten[cluster]'") from None
        self._ray: Any = ray
        self._tasks_at_once = tasks_at_once

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """`function` of each item, on the workers."""
        ray = self._ray
        shared = ray.put(function)
        remote = ray.remote(_apply)
        pending: list[Any] = []
        results: list[Any] = []
        for item in items:
            if len(pending) == self._tasks_at_once:
                results.append(ray.get(pending.pop(0)))
            pending.append(remote.remote(shared, item))
        results += ray.get(pending)
        return results


def _apply(function: Callable[[Any], Any], item: Any) -> Any:
    return function(item)
