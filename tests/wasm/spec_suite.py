"""Runs the WebAssembly specification tests within the profile, and counts what ran and what did not, by reason.

    python -m tests.wasm.spec_suite [--write] [DIRECTORY]

prints the counts of every file, of the archive in `testsuite/` or of a directory of `.wast` files, and writes the
record that `test_spec_suite.py` holds the archive's files to.
"""

from __future__ import annotations

import argparse
import json
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import wasmtime

from corten.base.errors import InvalidModule, TrapCode
from corten.wasm import op
from corten.wasm.instrument import Options
from corten.wasm.module import Kind, Module
from corten.wasm.opcodes import TYPE_BYTES
from corten.wasm.profile import check_profile
from corten.wasm.reader import read_module
from corten.wasm.validate import validate
from spec.wasm import Exhausted, Trap
from tests.wasm.engines import Bounds, Guest, InstrumentedGuest, SpecGuest, WasmtimeGuest, system_pages
from tests.wasm.settings import missing
from tests.wasm.v8_guest import V8Guest
from tests.wasm.wast import Action, Command, Node, UnknownScriptError, foreign_names, matches, module_bytes, read_script

HERE = Path(__file__).resolve().parent / "testsuite"
ARCHIVE = HERE / "spec.tar.xz"
RECORD = HERE / "record.json"
MOST_PAGES = 1024  # granted to an instrumented guest at most, and to one that grows without a maximum
BOUNDS = Bounds(steps=3_000_000, calls=2_000, pages=4_096)

# What the scripts call a trap.
MESSAGES = {
    TrapCode.UNREACHABLE: ("unreachable",),
    TrapCode.MEMORY_OUT_OF_BOUNDS: ("out of bounds memory access", "out of bounds"),
    TrapCode.INTEGER_OVERFLOW: ("integer overflow",),
    TrapCode.DIVISION_BY_ZERO: ("integer divide by zero",),
    # The scripts call it integer overflow if the float is a number; the receipt's code is one for both.
    TrapCode.INVALID_CONVERSION: ("invalid conversion to integer", "integer overflow"),
    TrapCode.INDIRECT_CALL_MISMATCH: ("indirect call", "uninitialized element", "indirect call type mismatch"),
    TrapCode.TABLE_OUT_OF_BOUNDS: ("undefined element", "undefined", "out of bounds table access"),
}


# What older scripts refuse and the profile's reader takes: later versions of the specification allow it.
ALLOWED_SINCE = ("zero flag expected", "multiple memories", "multiple tables", "invalid result arity")
GRANTED = "granted memory is there from the start, only memory.size and memory.grow are virtual"
# Assertions of these files, for instrumented guests, follow from accesses between the virtual size and what is granted.
GROWING_FILES = ("memory_grow.wast", "resizing.wast")
# Single assertions that do not hold here, by voice, file and line.
EXCEPTIONS = {
    ("plain", "simd.wast", 962): "the bits of a NaN are open in a plain module",
    ("plain", "simd.wast", 995): "the bits of a NaN are open in a plain module",
    ("v8", "simd.wast", 962): "the bits of a NaN are open in a plain module",
    ("v8", "simd.wast", 995): "the bits of a NaN are open in a plain module",
    ("interpreter", "resizing.wast", 45): "memory.grow may fail: memories here are smaller",
    ("reader", "unreached-invalid.wast", 538): "allowed by later versions of the specification: unreachable br_table",
}


class SkippedError(Exception):
    """Outside of what a voice runs; the text is the rule."""


@dataclass
class Counts:
    """Of one file: assertions that ran, per voice, and those that did not, per voice and reason."""

    ran: Counter[str] = field(default_factory=Counter)
    skipped: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def skip(self, voice: str, reason: str) -> None:
        self.skipped.setdefault(voice, Counter())[reason] += 1


def profile_module(content: bytes) -> Module:
    """A module, if the profile allows it."""
    try:
        module = read_module(content)
        validate(module)
        check_profile(module)
    except InvalidModule as error:
        raise SkippedError(rule(str(error))) from None
    return module


def rule(message: str) -> str:
    """The rule of the profile behind a refusal, without what differs from one module to the next."""
    text = message.partition(" (at byte")[0]
    if text.startswith("start:"):
        return "a start function"
    if text.startswith("import "):
        return "an import that is not a function"
    if "outside the profile" in text or "opcode" in text:
        return "instructions outside the profile"
    for word in ("element", "table", "global", "memor", "type", "data", "tag", "export"):
        if word in text:
            return f"{word.replace('memor', 'memory')} declarations outside the profile"
    return text


def granted_pages(module: Module) -> int:
    """What the guest may grow to: its maximum; much if it grows and has none; else what it declares."""
    if not module.memories:
        return 1
    limits = module.memories[0]
    if limits.maximum is not None:
        return max(1, limits.maximum)
    return MOST_PAGES if grows(module) else max(1, limits.minimum)


def grows(module: Module) -> bool:
    """Whether a module has memory.grow."""
    return any(instr[0] == op.MEMORY_GROW for function in module.functions for instr in function.body)


def start_instrumented(start: Callable[[Module], Guest]) -> Callable[[Module, Mapping[str, Guest]], Guest]:
    """A voice for instrumented modules. What is granted is there from the start, so growing must be virtual only."""

    def begin(module: Module, others: Mapping[str, Guest]) -> Guest:
        if module.imports:
            raise SkippedError("imports: the host functions of an instrumented module are Corten's")
        pages = granted_pages(module)
        if pages > MOST_PAGES:
            raise SkippedError(f"memory of more than {MOST_PAGES} pages: it would be there from the start")
        settings = Options(memory_pages=pages, system_pages=system_pages(pages))
        guest = InstrumentedGuest(module, settings, start)
        guest.grows = grows(module)
        return guest

    return begin


VOICES: dict[str, Callable[[Module, Mapping[str, Guest]], Guest]] = {
    "interpreter": lambda module, others: SpecGuest(module, others, bounds=BOUNDS),
    "plain": lambda module, others: WasmtimeGuest(module, others),
    "instrumented": start_instrumented(lambda module: WasmtimeGuest(module)),
    "interpreted": start_instrumented(lambda module: SpecGuest(module, bounds=BOUNDS)),
    "v8": V8Guest,
    "instrumented_v8": start_instrumented(V8Guest),
}
PLAIN = ("interpreter", "plain", "v8")
V8_VOICES = ("v8", "instrumented_v8")
if missing("v8"):
    VOICES = {name: start for name, start in VOICES.items() if name not in V8_VOICES}


class Script:
    """One file on one voice: the modules it has made, by name; the last one is the current."""

    def __init__(self, voice: str, counts: Counts, file: str) -> None:
        self.voice, self.counts, self.file = voice, counts, file
        self.current: Guest | str = "a module that was not run"
        self.named: dict[str, Guest | str] = {}
        self.registered: dict[str, Guest] = {}

    def run(self, command: Command) -> None:
        """Carry out one command; count it if it asserts something."""
        asserts = command.kind.startswith("assert_") or command.kind == "unknown"
        try:
            if (self.voice, self.file, command.line) in EXCEPTIONS:
                raise SkippedError(EXCEPTIONS[self.voice, self.file, command.line])
            found = self.apply(command)
        except SkippedError as skipped:
            if asserts:
                self.counts.skip(self.voice, str(skipped))
            if command.module is not None:
                self.distrust(command.module)
            return
        if found:
            self.counts.failures.append(f"{self.file}:{command.line}: {self.voice}: {command.kind}: {found}")
        if asserts:
            self.counts.ran[self.voice] += 1

    def apply(self, command: Command) -> str:
        """What is wrong, or nothing."""
        match command.kind:
            case "module":
                return self.define(command)
            case "register":
                guest = (
                    self.named.get(command.message, "a module that was not run") if command.message else self.current
                )
                if not isinstance(guest, str) and command.name:
                    self.registered[command.name] = guest
                return ""
            case "invoke" | "get" | "assert_return":
                return self.check_return(command)
            case "assert_trap" | "assert_exhaustion":
                return self.check_trap(command)
            case "unknown":
                raise SkippedError(f"script: {command.message}")
            case _:
                raise SkippedError("for the reader and the validator")

    def define(self, command: Command) -> str:
        assert command.module is not None
        try:
            self.current = self.start(command)
        except SkippedError as skipped:
            self.current = str(skipped)
            raise
        except (Trap, Exhausted) as error:
            self.current = "a module that was not run"
            return f"instantiation: {error}"
        if command.name:
            self.named[command.name] = self.current
        return ""

    def distrust(self, module: Node) -> None:
        """A module that was not run may have changed the tables and memories of those that it imports from."""
        if foreign_names(module) & self.registered.keys():
            self.current = "shares a table or memory with a module outside the profile"
            self.named = dict.fromkeys(self.named, self.current)
            self.registered = {}

    @property
    def is_instrumented(self) -> bool:
        return self.voice not in PLAIN

    def start(self, command: Command) -> Guest:
        """An instance of the command's module. Raises Trap as its instantiation does."""
        assert command.module is not None
        try:
            content = module_bytes(command.module)
        except UnknownScriptError as error:
            raise SkippedError(f"script: {error}") from None
        try:
            return VOICES[self.voice](profile_module(content), self.registered)
        except KeyError as error:
            raise SkippedError(f"import of a module that was not run: {error}") from None

    def guest(self, action: Action) -> Guest:
        found = self.named.get(action.module, "a module that was not run") if action.module else self.current
        if isinstance(found, str):
            raise SkippedError(found)
        return found

    def perform(self, action: Action) -> tuple[list[int], list[int]]:
        """Results and the widths of their types."""
        guest = self.guest(action)
        types = [item.value_type for item in guest.module.global_types()]
        if action.arguments is None:
            item = next(item for item in guest.module.exports if (item.kind, item.name) == (Kind.GLOBAL, action.name))
            return [guest.value(action.name)], [8 * TYPE_BYTES[types[item.index]]]
        results = guest.invoke(action.name, *action.arguments)
        index = next(item.index for item in guest.module.exports if item.name == action.name)
        type_ = guest.module.types[guest.module.function_type_indices()[index]]
        return results, [8 * TYPE_BYTES[kind] for kind in type_.results]

    def check_return(self, command: Command) -> str:
        assert command.action is not None
        if self.is_instrumented and self.file in GROWING_FILES:
            raise SkippedError(GRANTED)
        if command.action.arguments is None and self.is_instrumented:
            self.guest(command.action)
            raise SkippedError("exported globals: an instrumented module has only its own")
        try:
            results, widths = self.perform(command.action)
        except (Trap, Exhausted) as error:
            return f"trapped: {error}"
        if command.kind == "assert_return" and not (
            len(results) == len(command.expected) and all(map(matches, command.expected, results, widths))
        ):
            return f"{command.action.name}: expected {command.expected}, found {[hex(item) for item in results]}"
        return ""

    def check_trap(self, command: Command) -> str:
        if self.is_instrumented and self.needs_exact_size(command):
            raise SkippedError(GRANTED)
        try:
            if command.action is None:
                self.start(command)
                return "instantiated"
            results, _ = self.perform(command.action)
        except Trap as trap:
            wanted = MESSAGES[trap.code]
            as_expected = any(command.message.startswith(text) or text.startswith(command.message) for text in wanted)
            return "" if as_expected else f"expected {command.message}, trapped: {trap}"
        except Exhausted:
            return "" if command.kind == "assert_exhaustion" else "exhausted"
        return f"expected a trap ({command.message}), found {results}"

    def needs_exact_size(self, command: Command) -> bool:
        """Whether the trap depends on memory ending where the module says."""
        if command.action is None or self.file in GROWING_FILES:
            return True
        guest = self.guest(command.action)
        return (
            command.message.startswith("out of bounds memory") and isinstance(guest, InstrumentedGuest) and guest.grows
        )


def check_refusal(file: str, command: Command, counts: Counts) -> None:
    """`assert_invalid` and binary `assert_malformed`: our reader and validator must refuse too."""
    assert command.module is not None
    try:
        content = module_bytes(command.module)
    except UnknownScriptError as error:
        return counts.skip("reader", f"script: {error}")
    if ("reader", file, command.line) in EXCEPTIONS:
        return counts.skip("reader", EXCEPTIONS["reader", file, command.line])
    if command.message in ALLOWED_SINCE:
        return counts.skip("reader", f"allowed by later versions of the specification: {command.message}")
    counts.ran["reader"] += 1
    try:
        validate(read_module(content))
    except InvalidModule:
        return None
    counts.failures.append(f"{file}:{command.line}: reader: accepts what must be refused ({command.message})")
    return None


def run_file(path: Path) -> Counts:
    """Every voice over one file."""
    counts = Counts()
    commands = list(read_script(path))
    for voice in VOICES:
        script = Script(voice, counts, path.name)
        for command in commands:
            if command.kind not in ("assert_invalid", "assert_malformed", "assert_unlinkable"):
                script.run(command)
    for command in commands:
        if command.kind in ("assert_invalid", "assert_malformed"):
            check_refusal(path.name, command, counts)
        elif command.kind == "assert_unlinkable":
            counts.skip("reader", "linking: imports are functions of the host")
    return counts


def archived(directory: Path) -> Iterator[Path]:
    """Unpack the archive; its files in order."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(directory, filter="data")
    yield from sorted(directory.glob("*.wast"))


def main() -> None:
    """Run all files and print their counts."""
    parser = argparse.ArgumentParser(description="the WebAssembly specification tests")
    parser.add_argument("directory", nargs="?", type=Path)
    parser.add_argument("--write", action="store_true", help="record the counts")
    parser.add_argument("--only", default="", help="files whose name contains this")
    arguments = parser.parse_args()
    total, record = Counts(), {}
    with TemporaryDirectory() as temporary:
        files = sorted(arguments.directory.glob("*.wast")) if arguments.directory else archived(Path(temporary))
        for path in files:
            if arguments.only not in path.name:
                continue
            try:
                counts = run_file(path)
            except (UnknownScriptError, wasmtime.WasmtimeError) as error:
                print(f"{path.name}: not read: {error}")
                continue
            record[path.name] = dict(sorted(counts.ran.items()))
            total.ran.update(counts.ran)
            for voice, reasons in counts.skipped.items():
                total.skipped.setdefault(voice, Counter()).update(reasons)
            if not arguments.write:
                print(f"{path.name}: {dict(counts.ran)}")
            print(*counts.failures, sep="\n", end="\n" if counts.failures else "")
    print("ran", dict(total.ran))
    for voice, reasons in total.skipped.items():
        print(voice, *(f"  {count:6} {reason}" for reason, count in reasons.most_common()), sep="\n")
    if arguments.write:
        skipped = {voice: dict(reasons.most_common()) for voice, reasons in total.skipped.items()}
        RECORD.write_text(json.dumps({"ran": record, "skipped": skipped}, indent=1) + "\n")


if __name__ == "__main__":
    main()
