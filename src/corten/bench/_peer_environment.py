"""An environment of its own for the kernels' peers, and a process in it that works on command.

numba pins the llvmlite that the compiler also uses, so the two cannot share an environment. The peers' one is made
once, in the cache directory; the process stays for the length of a benchmark, so that both sides alternate in one run.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import venv
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from corten.base.errors import HostFault
from corten.vm.cache import default_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REQUIREMENTS: Final = (
    "numba==0.68.1",
    "scipy==1.17.1",
    "QuantLib==1.44",
    "py_vollib_vectorized==0.1.1",
    "py_vollib==1.0.1",  # later ones are not compiled by numba unless asked
    "py_lets_be_rational==1.0.1",
    "setuptools<81",  # py_vollib imports pkg_resources
)
_WORKER: Final = Path(__file__).with_name("_kernel_peers.py")


class Peers:
    """The process. Peers are named as the functions of `_kernel_peers.py`."""

    def __init__(self, process: subprocess.Popen[str], directory: Path) -> None:
        self._process = process
        self._directory = directory

    def give(self, columns: Mapping[str, np.ndarray]) -> None:
        """The inputs of all that follows."""
        files = {}
        for name, column in columns.items():
            files[name] = str(self._directory / f"{name}.npy")
            np.save(files[name], column)
        self._ask({"columns": files})

    def prepare(self, peer: str) -> None:
        """Import, compile, and work once."""
        self._ask({"prepare": peer})

    def seconds(self, peer: str) -> float:
        """Work once; the time as the peer took it, without the way to it and back."""
        return float(self._ask({"time": peer})["seconds"])

    def result(self, peer: str) -> np.ndarray:
        """What it computed last."""
        path = self._directory / "result.npy"
        self._ask({"result": peer, "to": str(path)})
        return np.asarray(np.load(path))

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise HostFault(f"the peers' process ended at {command}: its message stands above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def peer_process() -> Iterator[Peers]:
    """The process in its environment, which is made first where it is missing (once, from PyPI)."""
    python = _environment()
    with tempfile.TemporaryDirectory() as directory:
        command = [str(python), "-W", "ignore", str(_WORKER)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=directory) as process:
            try:
                yield Peers(process, Path(directory))
            finally:
                process.kill()


def _environment() -> Path:
    """The interpreter of the environment of exactly these requirements."""
    key = hashlib.sha256("\n".join([sys.version, *REQUIREMENTS]).encode()).hexdigest()[:16]
    directory = default_directory() / "peers" / key
    python = directory / "bin" / "python"
    if not (directory / "ready").exists():
        print(f"installing the peers into {directory}: {', '.join(REQUIREMENTS)}", file=sys.stderr)  # noqa: T201
        venv.create(directory, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS]
        done = subprocess.run(install, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise HostFault(f"the peers could not be installed: {done.stderr.strip().splitlines()[-1]}")
        (directory / "ready").touch()
    return python
