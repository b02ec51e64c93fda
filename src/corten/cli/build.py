"""`corten build`."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import click

from corten.cli.source import compile_source

if TYPE_CHECKING:
    from pathlib import Path


def build_module(source: Path, output: Path, dump: Path | None) -> None:
    """Compile `source`, write the module, and say what came out; DiagnosticError when the contract is wrong."""
    begin = time.perf_counter()
    module = compile_source(source, dump)
    seconds = time.perf_counter() - begin
    output.write_bytes(module)
    click.echo(f"{output}  {len(module):,} bytes  sha256 {hashlib.sha256(module).hexdigest()}  {seconds:.2f} s")
    if dump is not None:
        click.echo(f"{dump}  {len(list(dump.iterdir()))} stages")
