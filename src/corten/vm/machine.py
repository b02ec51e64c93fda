"""The machine: contracts, the block header they see, the state root over all of them, snapshots and forks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache as memoized
from operator import index
from os import PathLike
from pathlib import Path
from typing import Any, Final, SupportsIndex

from corten.base.calls import CONTRACT_LIMIT
from corten.base.errors import InvalidInput, InvalidModule
from corten.vm.cache import Cache, default_directory
from corten.vm.calls import FIRST_ADDRESS, Registry
from corten.vm.codec import describe
from corten.vm.contract import Contract, initialize
from corten.vm.deployments import Code, published
from corten.vm.foreign import LoadedModule, refusal
from corten.vm.instance import Engine
from corten.vm.interface import suggestion
from corten.vm.layout import Layout
from corten.vm.program import Loader, Passes, Program, check_memory_limit, load_code
from corten.vm.residency import AnyProgram, Environment, Image, Residency, Settings
from corten.vm.state import contract_hash, machine_root
from corten.wasm.json_nodes import NAME_LENGTH

ENGINES: Final = ("wasmtime", "v8", "python")
"""wasmtime and v8 run a contract's module; python runs its source under CPython."""

DEFAULT_MEMORY_LIMIT: Final = 256 << 20
DEFAULT_GAS_LIMIT: Final = 100_000_000


@dataclass(frozen=True)
class MachineSnapshot:
    """A machine's contracts, their states, and the published code at one moment.

    Immutable; shares all pages that did not change.
    """

    contracts: tuple[tuple[str, AnyProgram, Image], ...]
    time: int
    height: int
    codes: tuple[tuple[bytes, AnyProgram], ...] = ()


class Machine:
    """Contracts in memory, run by `engine`: "wasmtime", "v8" (equal in all but speed) or "python" (no gas, no root).

    `memory_limit` is each contract's memory in bytes (a multiple of 65536), `gas_limit` what one message may use unless
    it says otherwise, `chain` the chain's number; `time` (ns) and `height` are what contracts see, set them as blocks
    pass. `cache` keeps compiled contracts on disk: True for the default directory, a path, or False. `passes` switches
    instrumentation off, to measure what it costs. `record_access` tells of every message and batch which pages it read
    and wrote (`receipts.accesses`); all else is as without, snapshots included.
    """

    def __init__(
        self,
        engine: str = "wasmtime",
        *,
        memory_limit: int = DEFAULT_MEMORY_LIMIT,
        gas_limit: int = DEFAULT_GAS_LIMIT,
        chain: int = 0,
        cache: bool | str | Path = True,
        passes: Passes | None = None,
        record_access: bool = False,
    ) -> None:
        if engine not in ENGINES:
            raise InvalidInput("engine", " or ".join(map(repr, ENGINES)), describe(engine))
        check_memory_limit(memory_limit)
        passes = passes or Passes()
        if record_access and engine == "python":
            raise InvalidInput("record_access", "engine 'wasmtime' or 'v8'", "engine 'python', which has no pages")
        if record_access and not passes.undo:
            raise InvalidInput("record_access", "the undo pass, which marks written pages", "Passes(undo=False)")
        self.settings = Settings(engine, memory_limit, gas_limit, chain, passes, _directory(cache), record_access)
        self._environment = Environment(self.settings)
        self._contracts: dict[str, Contract] = {}
        self._handles = threading.Lock()
        self._registry = Registry()

    @property
    def time(self) -> int:
        """Block time that contracts see, in ns."""
        return self._environment.time

    @time.setter
    def time(self, value: int) -> None:
        self._environment.set_block(value, self.height)

    @property
    def height(self) -> int:
        """Block height that contracts see."""
        return self._environment.height

    @height.setter
    def height(self, value: int) -> None:
        self._environment.set_block(self.time, value)

    @property
    def contracts(self) -> dict[str, Contract]:
        """The contracts by name, in the order of deployment."""
        return dict(self._known())

    def contract(self, address: SupportsIndex) -> Contract:
        """The contract at an address, as a message that deployed it returns; InvalidInput if there is none."""
        try:
            number = index(address)
        except TypeError:
            expected = "a number; by name a contract is machine[name]"
            raise InvalidInput("address", expected, describe(address)) from None
        residency = self._registry.find(number)
        found = None if residency is None else self._known().get(residency.name)
        if found is None:
            count = len(self._registry.residencies)
            expected = f"{FIRST_ADDRESS:#x} … {FIRST_ADDRESS + count - 1:#x}" if count else "none: there is no contract"
            raise InvalidInput("address", expected, f"{number:#x}")
        return found

    def __getitem__(self, name: str) -> Contract:
        known = self._known()
        if name not in known:
            raise InvalidInput("contract", suggestion(name, known, "contract of the machine"), repr(name))
        return known[name]

    def __iter__(self) -> Iterator[Contract]:
        return iter([*self._known().values()])

    def _known(self) -> dict[str, Contract]:
        """The handles; messages may have deployed contracts that have none yet."""
        with self._handles:
            for residency in self._registry.residencies[len(self._contracts) :]:
                if not residency.name:
                    break  # being deployed
                self._contracts[residency.name] = Contract(residency.name, residency, self._registry)
            return self._contracts

    def deploy(
        self, source: str | Path | bytes, /, name: str | None = None, sender: int = 0, **arguments: Any
    ) -> Contract:
        """Load contract source (`.py`), a module (`.wasm`) or its bytes, and run its init with `arguments`.

        `name` is the contract's own unless given; a second one gets a number. Raises DiagnosticError (source),
        InvalidModule (module), InvalidInput (arguments), Rejected or Trapped (init): then nothing is deployed.
        """
        _check_name(name)
        return self._add(self._load(source), name, sender, arguments)

    def load(self, module: str | Path | bytes, /, name: str | None = None) -> LoadedModule:
        """A WebAssembly module of any compiler (`.wasm` or its bytes) with bare exports, as a contract of this machine.

        `name` is the file's unless given. An export `_initialize` that takes and returns nothing is called, once and
        under the machine's gas limit: if it traps, Trapped is raised and nothing loaded. Raises InvalidModule, which
        names what is outside the profile and at which byte; nothing of a refused module has been executed.
        `corten inspect` lists everything that stops a module.
        """
        if self.settings.engine == "python":
            raise InvalidInput("load", "engine 'wasmtime' or 'v8'", "engine 'python', which runs source only")
        _check_name(name)
        if not isinstance(module, bytes) and not Path(module).is_file():
            raise InvalidInput("module", "the path of a WebAssembly module", f"{str(module)!r}: no such file")
        content = module if isinstance(module, bytes) else Path(module).read_bytes()
        chosen = name or ("module" if isinstance(module, bytes) else Path(module).stem)
        try:
            program = self._loader().load_bare(content, chosen)
        except InvalidModule as error:
            raise refusal(error, content) from None
        return LoadedModule(self._add(program, name, 0, {}))

    def publish(self, source: str | Path | bytes, /) -> bytes:
        """Make code known that contracts may deploy: contract source, a module, or its bytes. Returns its hash.

        The hash is the SHA-256 of the native module; `self.deploy(Coin, code, …)` in a contract takes it. Code is a
        part of the machine's state, and publishing it twice changes nothing. Raises DiagnosticError or InvalidModule.
        """
        program = self._load(source)
        code_hash = program.module_hash
        with self._registry.lock:
            self._registry.codes.setdefault(code_hash, self._code(program))
        return code_hash

    @property
    def published(self) -> tuple[bytes, ...]:
        """The hashes of published code."""
        return tuple(self._registry.codes)

    def module(self, name: str) -> LoadedModule:
        """A loaded module by its name: how a fork's are reached."""
        return LoadedModule(self[name])

    def _add(self, program: AnyProgram, name: str | None, sender: int, arguments: dict[str, Any]) -> Contract:
        registry = self._registry
        with registry.lock:
            chosen = registry.free_name(program.interface.name) if name is None else name
            if registry.is_taken(chosen):
                raise InvalidInput("name", "a name that no contract has yet", repr(chosen))
            if len(registry.residencies) >= CONTRACT_LIMIT:
                raise InvalidInput("contracts", f"at most {CONTRACT_LIMIT} in a machine", "one more")
            residency = Residency(self._environment, program, address=registry.next_address)
            with registry.added(residency, chosen):
                initialize(residency, registry, sender, arguments)
        return self._known()[chosen]

    @property
    def state_root(self) -> bytes:
        """32 bytes that commit to the code and the state of every contract (docs/spec/state.md)."""
        self._need_undo_log("state_root")
        with self._registry.lock:
            return machine_root([_commitment(contract) for contract in self], self._registry.codes)

    def snapshot(self) -> MachineSnapshot:
        """The machine as it is; costs what changed since the last one."""
        self._need_undo_log("snapshot")
        with self._registry.lock:
            images = [(each.name, each.residency.program, each.residency.snapshot()) for each in self]
            codes = [(code_hash, code.program) for code_hash, code in self._registry.codes.items()]
            return MachineSnapshot(tuple(images), self.time, self.height, tuple(codes))

    def restore(self, snapshot: MachineSnapshot) -> None:
        """Back to a snapshot of this machine, or over to one of another with the same settings, whatever its engine."""
        with self._registry.lock:
            self._restore(snapshot)

    def _restore(self, snapshot: MachineSnapshot) -> None:
        before = dict(self._known())
        codes = {code_hash: self._code(self._adopted(taken, None)) for code_hash, taken in snapshot.codes}
        contracts: list[tuple[str, Residency]] = []
        restored: dict[str, Contract] = {}
        for address, (name, taken, image) in enumerate(snapshot.contracts, FIRST_ADDRESS):
            known = before.get(name)
            program = self._adopted(taken, known)
            if known is not None and known.residency.program is program and known.address == address:
                known.residency.restore(image)
                restored[name] = known
            else:
                restored[name] = Contract(name, Residency(self._environment, program, image, address), self._registry)
            contracts.append((name, restored[name].residency))
        for name, contract in before.items():
            if restored.get(name) is not contract:
                contract.residency.remove()
        with self._handles:
            self._contracts = restored
            self._registry.replace(contracts)
        self._registry.codes = codes
        self._environment.set_block(snapshot.time, snapshot.height)

    def fork(self) -> Machine:
        """A machine with the same contracts and states that goes its own way; copies when a contract is first used."""
        settings = self.settings
        fork = Machine(
            settings.engine,
            memory_limit=settings.memory_limit,
            gas_limit=settings.gas_limit,
            chain=settings.chain,
            cache=settings.cache_directory or False,
            passes=settings.passes,
            record_access=settings.record_access,
        )
        fork.restore(self.snapshot())
        return fork

    def __repr__(self) -> str:
        return f"<Machine: {', '.join(self._known()) or 'no contracts'}, height {self.height}>"

    def _load(self, source: str | Path | bytes) -> AnyProgram:
        _check_source(source)
        if self.settings.engine == "python":
            from corten.vm.python_engine import load_source

            return load_source(source, Layout(self.settings.memory_limit), self.settings.cache_directory)
        return self._loader().load(source)

    def _loader(self) -> Loader:
        settings, directory = self.settings, self.settings.cache_directory
        cache = None if directory is None else Cache(directory)
        layout = Layout(settings.memory_limit, settings.record_access)
        is_replay = self._environment.host.given is not None
        return Loader(_engine(settings.engine, directory), cache, layout, settings.passes, is_replay)

    def _code(self, program: AnyProgram) -> Code:
        return published(program, is_metered=self.settings.passes.gas)

    def _adopted(self, program: AnyProgram, known: Contract | None) -> AnyProgram:
        """A snapshot's program for this machine's engine; the known contract's if it is the same module."""
        self._check_program(program)
        if not isinstance(program, Program):
            return program
        own = None if known is None else known.residency.program
        if program.layout.records_access is not self.settings.record_access:
            is_known = isinstance(own, Program) and (own.native, own.bare_name) == (program.native, program.bare_name)
            return own if is_known and own is not None else self._loader().load_again(program)
        if program.engine == self.settings.engine:
            return program
        if isinstance(own, Program) and (own.module_hash, own.module) == (program.module_hash, program.module):
            return own
        engine = _engine(self.settings.engine, self.settings.cache_directory)
        is_replay = self._environment.host.given is not None
        return replace(program, engine=engine.name, code=load_code(engine, program.module, is_replay))

    def _check_program(self, program: AnyProgram) -> None:
        if isinstance(program, Program) is (self.settings.engine == "python"):
            expected = f"one of an engine that keeps state as {self.settings.engine!r} does"
            raise InvalidInput("snapshot", expected, f"a {type(program).__name__}")
        if program.layout.memory_bytes != self.settings.memory_limit:
            found = f"one of {program.layout.memory_bytes} bytes"
            raise InvalidInput("snapshot", f"a memory limit of {self.settings.memory_limit} bytes", found)

    def _need_undo_log(self, what: str) -> None:
        if not self.settings.passes.undo:
            raise InvalidInput(what, "a machine with the undo pass, which marks touched pages", "Passes(undo=False)")


def _commitment(contract: Contract) -> bytes:
    """A contract's leaf of the machine's tree: name, memory size, module and state."""
    root = contract.state_root
    program = contract.residency.program
    assert isinstance(program, Program)
    return contract_hash(contract.name, program.layout.memory_bytes, program.module_hash, root)


def _check_source(source: object) -> None:
    if not isinstance(source, (str, PathLike, bytes)):
        expected = "the path of a contract's source or module, or a module's bytes"
        raise InvalidInput("contract", expected, describe(source))


def _check_name(name: object) -> None:
    """As the names that modules give themselves: the root hashes them, messages show them."""
    if name is None or (isinstance(name, str) and 0 < len(name) <= NAME_LENGTH and name.isprintable()):
        return
    raise InvalidInput("name", f"a text of 1 to {NAME_LENGTH} printable characters", describe(name))


def _directory(cache: bool | str | Path) -> Path | None:
    if isinstance(cache, bool):
        return default_directory() if cache else None
    return Path(cache)


@memoized
def _engine(name: str, cache_directory: Path | None) -> Engine:
    """One engine for all machines of a process, so that forks share machine code."""
    cache = None if cache_directory is None else Cache(cache_directory)
    if name == "v8":
        from corten.vm.v8_engine import V8Engine

        return V8Engine(cache)
    from corten.vm.engine import Engine as Wasmtime

    return Wasmtime(cache=cache)
