"""Which platform a module was built for, and everything that stops it from running here.

A platform is known by what its modules import, export or carry: `PLATFORMS`, in the order in which they are tried.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corten.base.errors import InvalidModule
from corten.wasm.limits import DEFAULT_LIMITS, DESCRIPTIONS
from corten.wasm.scan import Link, Scan, scan
from corten.wasm.sections import ABI_SECTION

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Platform:
    """How a platform's modules are known: one custom section, or all of `exports`, or one import of `functions`.

    `functions` are imports as `module.name`; `module.*` stands for all of a module. `single_letters`: all import
    modules have names of one letter, other than the one `a` of what Emscripten shortens (`a.a`, `a.b`, …).
    """

    name: str
    title: str
    customs: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    single_letters: bool = False

    def matches(self, found: Scan) -> bool:
        """Whether the module shows one of the marks."""
        exported = {item.name for item in found.exports if item.kind == "function"}
        modules = list(dict.fromkeys(item.module for item in found.imports))
        imported = {f"{item.module}.{item.name}" for item in found.imports}
        imported.update(f"{module}.*" for module in modules)
        letters = bool(modules) and all(len(module) == 1 and module.isalpha() for module in modules)
        letters = letters and (modules != ["a"] or any(item.name[:1].isdigit() for item in found.imports))
        return (
            any(name in found.customs for name in self.customs)
            or (bool(self.exports) and exported.issuperset(self.exports))
            or not imported.isdisjoint(self.functions)
            or (self.single_letters and letters)
        )


_NEAR: Final = (
    "input read_register register_len value_return log_utf8 panic_utf8 storage_read storage_write storage_has_key "
    "predecessor_account_id current_account_id signer_account_id promise_create promise_batch_create"
).split()

PLATFORMS: Final = (
    Platform("native", "a native contract", customs=(ABI_SECTION,)),
    Platform("cosmwasm", "a CosmWasm contract", exports=("interface_version_8", "allocate", "deallocate")),
    Platform("soroban", "a Soroban contract", customs=("contractspecv0", "contractenvmetav0"), single_letters=True),
    Platform("stylus", "a Stylus program", functions=("vm_hooks.*",)),
    Platform("stylus", "a Stylus program", exports=("user_entrypoint",)),
    Platform("near", "a NEAR contract", functions=tuple(f"env.{name}" for name in _NEAR)),
    Platform("wasi", "a WASI program", functions=("wasi_snapshot_preview1.*", "wasi_unstable.*")),
)
BARE: Final = Platform("bare", "a module with bare exports")


@dataclass(frozen=True)
class Obstacle:
    """One thing that stops a module: its kind (import, opcode, construct, limit, module), how often, where first."""

    kind: str
    what: str
    offset: int | None
    count: int = 1

    def __str__(self) -> str:
        return f"{self.what}{f', {self.count} times' if self.count > 1 else ''}"


@dataclass(frozen=True)
class Survey:
    """What a module is for, and what stops it; nothing does if `obstacles` is empty."""

    platform: Platform
    obstacles: tuple[Obstacle, ...]
    imports: tuple[Link, ...]
    exports: tuple[Link, ...]

    @property
    def runs(self) -> bool:
        """Whether a machine accepts the module: `deploy` a native one, `load` a bare one."""
        return not self.obstacles


def survey(data: bytes) -> Survey:
    """Look at a module, whoever made it; InvalidModule with the byte offset only if it is none or damaged."""
    found = scan(data)
    platform = next((one for one in PLATFORMS if one.matches(found)), BARE)
    obstacles = [*_unserved(found, platform), *_outside(found), *_over_limits(found)]
    if not obstacles:
        obstacles += _refusals(data, platform)
    return Survey(platform, tuple(obstacles), tuple(found.imports), tuple(found.exports))


def _unserved(found: Scan, platform: Platform) -> Iterator[Obstacle]:
    from corten.wasm.instrument.outbox import SERVED

    records = ("emit.", "result.") if platform.name == "native" else ()
    for item in found.imports:
        is_record = bool(records) and item.name.startswith(records)
        if item.kind != "function":
            text = f"import {item.module}.{item.name}: expected a function, found a {item.kind}"
            yield Obstacle("import", text, item.offset)
        elif item.module != "corten" or not (item.name in SERVED or is_record):
            text = f"import {item.module}.{item.name}: expected only functions of module corten that are served here"
            yield Obstacle("import", text, item.offset)


def _outside(found: Scan) -> Iterator[Obstacle]:
    for kind, findings in (("opcode", found.opcodes), ("construct", found.constructs)):
        for item in findings.values():
            yield Obstacle(kind, f"{item.what} is outside the profile", item.offset, item.count)


def _over_limits(found: Scan) -> Iterator[Obstacle]:
    allowed = dataclasses.asdict(DEFAULT_LIMITS)
    for name, size in found.sizes.items():
        if size > allowed[name]:
            text = f"{name}: expected at most {allowed[name]}, found {size} ({DESCRIPTIONS[name]})"
            yield Obstacle("limit", text, None)


def _refusals(data: bytes, platform: Platform) -> Iterator[Obstacle]:
    """The first thing that the door refuses, for all that the scan does not look at."""
    from corten.wasm.admission import admit
    from corten.wasm.instrument import Options

    options = Options(memory_pages=_GRANTED_PAGES, system_pages=_SYSTEM_PAGES)
    try:
        admit(data, options, None if platform.name == "native" else "module")
    except InvalidModule as error:
        yield Obstacle("module", error.message, error.offset)


_GRANTED_PAGES: Final = 4096  # a machine's default: 256 MiB
_SYSTEM_PAGES: Final = 1024  # what a host lays out there does not matter: nothing is run
