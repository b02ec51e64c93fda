"""The passes in order, and what they share: from a guest's module to one that the machine runs."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from corten.base.errors import InvalidModule
from corten.wasm.instrument import access, gas, nan, stack, undo
from corten.wasm.instrument.assemble import Assembler
from corten.wasm.instrument.body import Body, type_index, without_dead_code
from corten.wasm.instrument.callgraph import STEADY_LOG_BYTES, describe_function, settle
from corten.wasm.instrument.calls import ways_out
from corten.wasm.instrument.context import Context, Options
from corten.wasm.instrument.driver import DRIVER, STANDALONE, driver_functions, standalone_functions
from corten.wasm.instrument.host import HOST_MODULE, host_imports
from corten.wasm.instrument.intrinsics import replace_intrinsics
from corten.wasm.instrument.layout import LAYOUT_VERSION, TOUCHED, WASM_PAGE, Symbols, host_begin, read_map
from corten.wasm.instrument.outbox import describe_imports, import_stubs
from corten.wasm.instrument.runtime import helper_names, runtime_functions
from corten.wasm.module import Custom, Export, Import, Kind, Limits, Module

if TYPE_CHECKING:
    from collections.abc import Callable

    from corten.wasm.module import Instr
    from corten.wasm.sections import Abi

    Pass = Callable[[Body, Context], None]

MAXIMUM_PAGES: Final = 65535  # so that the bytes of a memory are a u32
_KEPT_SECTIONS: Final = ("corten.abi", "corten.lines")


def instrument(module: Module, abi: Abi | None, options: Options) -> Module:
    """A new module: the guest's code metered, logged and canonical, driven by `corten.run` if there is an ABI.

    Without an ABI (kernels, other platforms) the guest's exports stay, and `corten.begin` and `corten.rollback` frame a
    message. The module must be valid. Raises InvalidModule for imports, entries and sizes that do not fit.
    """
    _check(module, options)
    live = [without_dead_code(function.body) for function in module.functions]
    context = _context(module, abi, options, live)
    bodies = _open(context, live)
    for body in bodies:
        for _, apply in passes(options):
            apply(body, context)
    return _assemble(module, abi, context, bodies)


def passes(options: Options) -> list[tuple[str, Pass]]:
    """Name and function of every pass that is switched on, in order."""
    listed: list[tuple[bool, str, Pass]] = [
        (options.nan, "nan", nan.add_nan),
        (options.gas, "gas", gas.add_gas),
        (options.stack, "stack", stack.add_stack),
        (options.undo, "undo", undo.add_undo),
        (options.access, "access", access.add_access),
        (True, "intrinsics", replace_intrinsics),
    ]
    probes = [(probe.__name__, probe) for probe in options.probes]
    return probes + [(name, function) for is_on, name, function in listed if is_on]


def _check(module: Module, options: Options) -> None:
    if module.start is not None:
        raise InvalidModule(
            "start: expected no start function: state is set up by the entry of kind init", module.place("start")
        )
    if not 0 < options.memory_pages <= MAXIMUM_PAGES:
        raise InvalidModule(f"memory: expected 1 to {MAXIMUM_PAGES} pages, found {options.memory_pages}")
    declared = module.memories[0].minimum if module.memories else 0
    if declared > options.memory_pages:
        place = module.place("memory")
        raise InvalidModule(
            f"memory: expected at most the {options.memory_pages} pages granted, found {declared}", place
        )
    needed = -(-host_begin(options.memory_pages, records=options.access) // WASM_PAGE)
    if not needed <= options.system_pages <= MAXIMUM_PAGES:
        raise InvalidModule(f"system memory: expected {needed} to {MAXIMUM_PAGES} pages, found {options.system_pages}")


def _context(module: Module, abi: Abi | None, options: Options, live: list[list[Instr]]) -> Context:
    """What each function is to its callers."""
    built = replace(module, types=list(module.types))
    imported = list(describe_imports(module, abi, options.schedule))
    types = module.function_type_indices()
    imports = [callee for callee, _ in imported]
    facts = [describe_function(core, imports, options.schedule) for core in live]
    weights = [
        stack.weigh(core, function, module.types, types) for core, function in zip(live, module.functions, strict=True)
    ]
    callees, steady_weight = settle(facts, weights)
    is_compact = options.undo and undo.is_compact(facts, live)
    helpers = [*helper_names(module, is_compact=is_compact), *(STANDALONE if abi is None else DRIVER)]
    helpers += [access.HELPER] * options.access
    return Context(
        module=built,
        options=options,
        symbols=Symbols(module, helpers, len(_kept_imports(built))),
        function_types=types,
        global_types=[item.value_type for item in module.global_types()],
        costs=options.schedule.costs,
        call_costs=[cost for _, cost in imported] + [0] * len(facts),
        callees=[*imports, *callees],
        facts=facts,
        weights=weights,
        steady_weight=steady_weight,
        is_compact=is_compact,
    )


def _kept_imports(module: Module) -> list[Import]:
    """The imports that stay: host functions, and the way to other contracts."""
    none = [Import(HOST_MODULE, name, Kind.FUNCTION, type_index(module, (), ())) for name in ways_out(module)]
    return host_imports(module) + none


def _open(context: Context, live: list[list[Instr]]) -> list[Body]:
    """Every guest function, with the exits that its passes need."""
    module, options = context.module, context.options
    bodies = []
    for number, (function, core, facts) in enumerate(zip(module.functions, live, context.facts, strict=True)):
        index = context.symbols.guest_functions[number]
        callee = context.callees[index]
        needed = {
            gas.EXIT: options.gas and gas.needs_exit(facts),
            undo.EXIT: options.undo and facts.stores > 0,
            stack.EXIT: options.stack and callee is not None and callee.recurses,
        }
        exits = [name for name, is_needed in needed.items() if is_needed]
        bodies.append(Body(index, function, core, module.types[function.type_index], exits))
    return bodies


def _assemble(module: Module, abi: Abi | None, context: Context, bodies: list[Body]) -> Module:
    options, symbols = context.options, context.symbols
    imports = _kept_imports(context.module)
    kept = {f"host.{item.name}": index for index, item in enumerate(imports)}
    assembler = Assembler(symbols.functions | kept, symbols.globals)
    built = context.module
    stubs = list(import_stubs(context, abi, assembler))
    functions = stubs[symbols.kept :]
    functions += [body.close(symbols.functions, built) for body in bodies]
    helpers = list(runtime_functions(context, assembler))
    functions += helpers
    functions += standalone_functions(context, assembler) if abi is None else driver_functions(context, abi, assembler)
    if options.access:
        functions.append(access.range_marker(context, assembler))
        readers = [item.name for item in module.imported(Kind.FUNCTION)] + helper_names(
            module, is_compact=context.is_compact
        )
        for name, function in zip(readers, stubs + helpers, strict=True):
            access.record_ranges(name, function, context, assembler)
    functions += stubs[: symbols.kept]
    built.functions, built.imports = functions, imports
    built.elements = [replace(item, functions=[*map(symbols.moved, item.functions)]) for item in module.elements]
    built.globals = list(module.globals)
    symbols.add_globals(built, module.memories[0].minimum if module.memories else 0)
    built.memories = [Limits(pages, pages) for pages in (options.memory_pages, options.system_pages)]
    built.exports = _exports(module, abi, symbols)
    built.customs = [item for item in module.customs if item.name in _KEPT_SECTIONS] + [_description(context)]
    return built


def _exports(module: Module, abi: Abi | None, symbols: Symbols) -> list[Export]:
    exports = [Export("memory", Kind.MEMORY, 0), Export("corten.system", Kind.MEMORY, 1)]
    if abi is None:
        functions = (item for item in module.exports if item.kind == Kind.FUNCTION)
        exports += [replace(item, index=symbols.moved(item.index)) for item in functions]
        public: tuple[str, ...] = ("begin", "rollback")
    else:
        public = ("run", "recover", "enter", "undo")
    exports += [Export(f"corten.{name}", Kind.FUNCTION, symbols.functions[name]) for name in public]
    exports += [Export(f"corten.global.{index}", Kind.GLOBAL, index) for index in symbols.saved]
    return exports + [Export(f"corten.{name}", Kind.GLOBAL, symbols.globals[name]) for name in ("gas", "trap")]


def _description(context: Context) -> Custom:
    """The custom section that tells a host what this module needs of it."""
    content: dict[str, int] = {
        "layout": LAYOUT_VERSION,
        "gas_schedule": context.options.schedule.version,
        "memory_pages": context.options.memory_pages,
        "system_pages": context.options.system_pages,
        "touched": TOUCHED,
        "host_begin": host_begin(context.options.memory_pages, records=context.options.access),
        "red_zone": context.red_zone + STEADY_LOG_BYTES,
    }
    if context.options.access:
        content["read"] = read_map(context.options.memory_pages)
    return Custom("corten.layout", json.dumps(content).encode())
