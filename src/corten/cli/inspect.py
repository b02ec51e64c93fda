"""`corten inspect`: a module's report as tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table

CHARGES = {
    "message": "message, accepted or not",
    "trap": "trap that the guest raised, at most up to the limit",
    "bulk_byte": "byte of a bulk operation",
    "record": "event or result",
    "record_byte": "byte of an event or result",
    "intrinsic": "sender, time, height, chain, memory_limit, address",
    "call": "call of another contract",
    "call_byte": "byte of its payload or result",
    "deploy": "deployment of a contract by a contract",
    "deploy_page": "4 KiB page of its initial memory",
}


def inspect_module(path: Path, *, as_json: bool) -> None:
    """Print what the module at `path` offers, may use and costs; InvalidModule when it is none."""
    from corten.cli.module_report import report_on

    report = report_on(path)
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    from rich.console import Console

    console = Console(highlight=False)
    _print_heading(console, report)
    for table in filter(
        None, [_obstacles(report), _links(report), _entries(report), _events(report), _errors(report), _state(report)]
    ):
        console.print(table)
    for table in filter(None, [_limits(report), _gas(report)]):
        console.print(table)


def _print_heading(console: Console, report: dict[str, Any]) -> None:
    from corten.cli.module_report import kinds

    name = report["name"] or "without ABI, so not a native contract"
    lines = {
        "module": f"{name} ({report['file']})",
        "is": f"{report['title']}; {_verdict(report)}",
        "sha256": report["sha256"],
        "sizes": _sizes(report["sizes"]),
        "exports": kinds(report["exports"]) or "none",
        "imports": kinds(report["imports"]) or "none",
    }
    for label, value in lines.items():
        console.print(f"{label:<9}{value}", markup=False, soft_wrap=True)
    console.print()


def _verdict(report: dict[str, Any]) -> str:
    count = len(report["obstacles"])
    if count:
        return f"does not run here, for {count} {'reason' if count == 1 else 'reasons'}"
    return "runs here: " + ("Machine.deploy" if report["platform"] == "native" else "Machine.load")


def _obstacles(report: dict[str, Any]) -> Table | None:
    """Everything that stops the module."""
    rows = [
        (one["kind"], one["what"], f"{one['count']:,}", "" if one["offset"] is None else f"{one['offset']:#x}")
        for one in report["obstacles"]
    ]
    return _table("what stops it", ["kind", "what", "count>", "first at byte>"], rows)


def _sizes(sizes: dict[str, Any]) -> str:
    text = f"{sizes['raw']:,} bytes"
    if sizes["custom_sections"] is not None:
        text += f", {sizes['custom_sections']:,} of them ABI and line table"
    if sizes["instrumented"] is not None:
        text += f"; instrumented {sizes['instrumented']:,} ({sizes['instrumented'] / sizes['raw']:.1f}×)"
    return text


def _links(report: dict[str, Any]) -> Table | None:
    """Exports and imports by name, where no ABI says more about them."""
    if report["entries"]:
        return None
    rows = [("export", one["kind"], one["name"]) for one in report["exports"]]
    rows += [("import", one["kind"], f"{one['module']}.{one['name']}") for one in report["imports"]]
    return _table("exports and imports", ["", "kind", "name"], rows)


def _entries(report: dict[str, Any]) -> Table | None:
    rows = [
        (str(number), entry["kind"], entry["name"], _signature(entry), str(entry["size"]))
        for number, entry in enumerate(report["entries"])
    ]
    return _table("entries", ["#>", "kind", "name", "signature", "bytes>"], rows)


def _signature(entry: dict[str, Any]) -> str:
    returns = f" → {entry['returns']}" if entry["returns"] else ""
    return f"({_fields(entry['parameters'])}){returns}"


def _fields(fields: list[dict[str, Any]]) -> str:
    return ", ".join(f"{field['name']}: {field['type']}" for field in fields)


def _events(report: dict[str, Any]) -> Table | None:
    rows = [
        (str(number), event["name"], _fields(event["fields"]), str(event["size"]))
        for number, event in enumerate(report["events"])
    ]
    return _table("events", ["#>", "name", "fields", "bytes>"], rows)


def _errors(report: dict[str, Any]) -> Table | None:
    rows = [(str(error["code"]), error["name"]) for error in report["errors"]]
    return _table("errors", ["code>", "name"], rows)


def _state(report: dict[str, Any]) -> Table | None:
    state = report["state"]
    if not state:
        return None
    rows = [
        (f"{state['address'] + field['offset']:#x}", field["name"], field["type"]) for field in state.get("fields", [])
    ]
    return _table(f"state, {state['size']:,} bytes", ["address>", "field", "type"], rows)


def _limits(report: dict[str, Any]) -> Table | None:
    rows = [
        (limit["name"], f"{limit['used']:,}", f"{limit['allowed']:,}", limit["meaning"]) for limit in report["limits"]
    ]
    return _table("limits", ["name", "used>", "allowed>", "meaning"], rows)


def _gas(report: dict[str, Any]) -> Table | None:
    gas = report["gas"]
    costs: dict[int, list[str]] = {}
    for name, cost in [*gas["instructions"].items(), *gas["exceptions"].items()]:
        costs.setdefault(cost, []).append(name)
    rows = [(f"{cost:,}", ", ".join(costs[cost])) for cost in sorted(costs)]
    charges = gas["charges"]
    rows += [(f"{charges[name]:,}", meaning) for name, meaning in CHARGES.items() if name in charges]
    rows.append(("1", f"{charges['locals_per_unit']} declared locals, at each call"))
    return _table(f"gas, schedule {gas['version']}", ["units>", "for each"], rows)


def _table(title: str, columns: list[str], rows: Iterable[tuple[str, ...]]) -> Table | None:
    """A table whose columns that end in `>` are flush right; None when it would be empty."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    if not rows:
        return None
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column.endswith(">")
        table.add_column(column.removesuffix(">"), justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # Text, for `Map[u32, i64]` would be markup in a string
    return table
