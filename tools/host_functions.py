"""The generated part of docs/spec/host-functions.md: a section for each row of the table."""

from __future__ import annotations

from corten.host import HOST_FUNCTIONS, HostFunction, Parameter, Role

_ROLES = {Role.IN: "reads", Role.OUT: "writes"}


def host_functions() -> str:
    """A summary, then each function with its import, what it does and where it is attacked."""
    rows = [_row(function) for function in HOST_FUNCTIONS]
    head = ["| function | gas | per byte | engines | library |", "|---|---|---|---|---|"]
    sections = [_section(function) for function in HOST_FUNCTIONS]
    return "\n".join([*head, *rows, *sections]) + "\n"


def _row(function: HostFunction) -> str:
    price = function.gas[max(function.gas)]
    byte = f"{price.byte}" if any(parameter.length for parameter in function.parameters) else ""
    engines = ", ".join(function.engines)
    library = function.library or "Python"
    return f"| [`{function.name}`](#{function.name}) | {price.base:,} | {byte} | {engines} | {library} |"


def _section(function: HostFunction) -> str:
    types = ", ".join(f"{name} i32" for name in function.names)
    result = "i32" if function.returns_bool else "()"
    parameters = "; ".join(_parameter(parameter) for parameter in function.parameters)
    lines = [
        f"\n### {function.name}",
        function.doc,
        "",
        f"- import `corten.{function.name}` ({types}) → {result}: {parameters}",
        f"- in contract Python `{function.language}`",
        f"- attacked by `{function.hostile}` in [test_hostile.py](../../tests/host/test_hostile.py)",
    ]
    return "\n".join(lines)


def _parameter(parameter: Parameter) -> str:
    if parameter.role is Role.VALUE:
        return f"`{parameter.name}` is a number"
    size = f"`{parameter.length}`" if parameter.length else f"{parameter.size}"
    return f"{_ROLES[parameter.role]} {size} bytes at `{parameter.name}`"
