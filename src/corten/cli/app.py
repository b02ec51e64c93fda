"""What can be typed after `corten`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from corten.cli import faults

if TYPE_CHECKING:
    from collections.abc import Sequence

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_ANY_PATH = click.Path(exists=True, path_type=Path)
_DIRECTORY = click.Path(file_okay=False, path_type=Path)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; the outermost door, where every error becomes a message."""
    try:
        return int(corten.main(list(arguments), prog_name="corten", standalone_mode=False) or 0)
    except BaseException as error:  # noqa: BLE001  the outermost door
        return faults.report(error)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="corten", message="%(package)s %(version)s")
def corten() -> None:
    """Corten: a deterministic WebAssembly machine for derivatives.

    Contracts are typed Python. Compile one with `build`, look at it with `inspect`, watch one work with `demo book`.
    """


@corten.command()
@click.argument("source", type=_FILE)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where to write it. Default: SOURCE with .wasm.")
@click.option("--dump", type=_DIRECTORY, help="Write every stage of the compiler here, numbered.")
@click.option(
    "--kernel", metavar="NAME", help="Compile this kernel of the file; the default output is SOURCE.NAME.wasm."
)
def build(source: Path, output: Path | None, dump: Path | None, kernel: str | None) -> None:
    """Compile the contract in SOURCE to a WebAssembly module."""
    from corten.cli.build import build_kernel, build_module

    if kernel is not None:
        build_kernel(source, kernel, output or source.with_suffix(f".{kernel}.wasm"), dump)
        return
    build_module(source, output or source.with_suffix(".wasm"), dump)


@corten.command()
@click.argument("module", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def inspect(module: Path, as_json: bool) -> None:
    """Show what a MODULE (.wasm, or a contract's .py) offers, may use and costs."""
    from corten.cli.inspect import inspect_module

    inspect_module(module, as_json=as_json)


@corten.command()
@click.argument("run_directory", metavar="RUN", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--engine", type=click.Choice(["wasmtime", "v8"]), default="wasmtime", show_default=True)
def replay(run_directory: Path, engine: str) -> None:
    """Execute the recorded RUN again in a fresh machine and compare the state roots."""
    from corten.cli.demo import replay_recorded

    replay_recorded(run_directory, engine)


@corten.command()
@click.argument("chain", type=_FILE)
@click.option("--snapshot", help="The beginning of its time, as 2026-04-30. Default: the last.")
@click.option("--currency", help="Default: the first.")
@click.option("--expiry", help="Show only the options of this one, as 2026-05-29 or 2026-05. Default: all.")
@click.option("--model", type=click.Choice(["essvi", "ssvi", "svi"]), default="essvi", show_default=True)
@click.option("--linear", is_flag=True, help="Prices are in quote units. Default: in coin (inverse options).")
@click.option("--out", type=_DIRECTORY, help="Write pictures and a Parquet file of all numbers here.")
@click.option("--format", "form", type=click.Choice(["png", "svg"]), default="png", show_default=True)
def price(
    chain: Path,
    snapshot: str | None,
    currency: str | None,
    expiry: str | None,
    model: str,
    linear: bool,
    out: Path | None,
    form: str,
) -> None:
    """Implied volatilities, greeks and a surface without arbitrage for the option CHAIN (Parquet)."""
    from corten.cli.price import price_chain

    price_chain(
        chain,
        snapshot=snapshot,
        currency=currency,
        expiry=expiry,
        model=model,
        inverse=not linear,
        out=out,
        form=form,
    )


@corten.group()
def demo() -> None:
    """Complete workloads, to watch and to check."""


@demo.command()
@click.option(
    "--data", type=_ANY_PATH, help="An order-level recording (Parquet, or its directory). Default: generated."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Of the generated flow.")
@click.option("--out", type=_DIRECTORY, help="Where the run is written. Default: runs/book-….")
def book(data: Path | None, seed: int, out: Path | None) -> None:
    """Run an exchange's order flow through the order book, then replay it and compare."""
    from corten.cli.demo import order_book_demo

    order_book_demo(data, seed, out)


@corten.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="A list of {name, value, unit, peer, ratio, conditions}.")
def bench(name: str | None, as_json: bool) -> None:
    """Measure everything, or the family or benchmark NAME."""
    from corten.cli.bench import run_benchmarks

    run_benchmarks(name, as_json=as_json)
