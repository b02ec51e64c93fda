"""What is fuzzed: each target takes bytes, and raises only if Corten broke a promise."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np
import wasmtime

from corten.base.errors import InvalidInput, InvalidModule
from corten.vm.engine import Engine
from corten.vm.interface import Interface
from corten.vm.layout import RECEIPT, Layout
from corten.vm.program import Passes, instrument_native
from corten.wasm.instrument import Options, instrument
from corten.wasm.profile import check_profile
from corten.wasm.reader import read_module
from corten.wasm.sections import Lines, parse_abi, parse_lines
from corten.wasm.validate import validate
from corten.wasm.writer import write_module

MEMORY_BYTES: Final = 1 << 18
LAYOUT: Final = Layout(MEMORY_BYTES)
GAS_LIMIT: Final = 300_000
FRAME_BYTES: Final = 1 << 16


@cache
def _engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    config.wasm_multi_memory = True
    return wasmtime.Engine(config)


def module(data: bytes) -> None:
    """Reader, profile, validator and passes: what they accept can be written, read again, and is valid."""
    try:
        read = read_module(data)
        check_profile(read, source=data)
        validate(read, data)
    except InvalidModule:
        return
    wasmtime.Module.validate(_engine(), data)
    pages = max(2, read.memories[0].minimum if read.memories else 0)
    if pages > 64:
        return
    layout = Layout(pages << 16)
    try:
        instrumented = instrument(read, None, Options(memory_pages=pages, system_pages=layout.system_pages))
    except InvalidModule:
        return
    _check_written(write_module(instrumented))


def contract(data: bytes) -> None:
    """The whole door: a contract that it lets in runs on the engine."""
    try:
        artifact = instrument_native(data, LAYOUT, Passes())
    except InvalidModule:
        return
    _check_written(artifact.module)


def _check_written(content: bytes) -> None:
    wasmtime.Module.validate(_engine(), content)
    again = read_module(content)
    assert write_module(again) == content, "what is written is not what is read"


def sections(data: bytes) -> None:
    """The ABI and the line table: read without anything but InvalidModule, and written back as they were."""
    for parse in (parse_abi, parse_lines):
        try:
            parsed = parse(data)
        except InvalidModule:
            continue
        assert parse(parsed.dumps()) == parsed, "what is written is not what is read"


def codec(data: bytes) -> None:
    """An ABI, a zero byte, and payloads: what the ABI's reader accepts makes codecs, and they agree with each other."""
    document, _, payload = data.partition(b"\0")
    try:
        abi = parse_abi(document)
    except InvalidModule:
        return
    interface = Interface(abi, Lines(()))
    records = [entry.parameters for entry in interface.entries] + list(interface.events)
    for record in records:
        assert record.dtype.itemsize == record.size == record.layout.size
        content = (payload * (record.size // max(1, len(payload)) + 1))[: record.size].ljust(record.size, b"\0")
        values = record.unpack(content, 0)
        try:
            packed = record.pack(values)
        except InvalidInput:  # of an enum that has no such member
            continue
        assert record.pack(record.unpack(packed, 0)) == packed, "what is packed is not what is unpacked"
        if record.size:
            row = np.frombuffer(packed, record.dtype)[0]
            assert record.pack([row[name] for name in record.names]) == packed, "a row of numpy is another value"


def frames(data: bytes) -> None:
    """Arbitrary bytes as frames: `corten.run` comes to their end, and every receipt makes sense."""
    instance = _token()
    system = instance.system
    data = data[: FRAME_BYTES // 8 * 8]
    data += bytes(-len(data) % 8)
    system[LAYOUT.inbox : LAYOUT.inbox + len(data)] = data
    system[:64] = LAYOUT.control(LAYOUT.inbox + len(data), 0)
    system[64:100] = _header()
    before = bytes(instance.memory)
    crossings = 0
    while not instance.advance():
        crossings += 1
        assert crossings <= len(data) // 16, "the outbox is full again and again"
    count = int.from_bytes(system[16:20], "little")
    assert count <= len(data) // 16 + 1, "more receipts than frames"
    assert int.from_bytes(system[12:16], "little") == LAYOUT.inbox + len(data), "frames are left"
    statuses = [_check_receipt(bytes(system[at : at + RECEIPT.size])) for at in _receipts(count)]
    if 0 not in statuses:
        assert bytes(instance.memory) == before, "nothing was accepted, and memory changed"


def _receipts(count: int) -> range:
    return range(LAYOUT.receipts, LAYOUT.receipts + count * RECEIPT.size, RECEIPT.size)


def _check_receipt(content: bytes) -> int:
    status, reserved, code, _site, gas, _first, _count, _origin = RECEIPT.unpack(content)
    assert status <= 3, f"status {status}"
    assert reserved == 0
    assert (code == 0) == (status == 0) or status == 1, f"status {status}, code {code}"
    assert 200 <= gas <= GAS_LIMIT, f"gas {gas}"
    return int(status)


@cache
def _header() -> bytes:
    from corten.vm.layout import header
    from corten.wasm.instrument import DEFAULT_STACK_LIMIT

    return header(GAS_LIMIT, 1, 2, 3, DEFAULT_STACK_LIMIT)


@cache
def _token():  # type: ignore[no-untyped-def]
    from tests.vm.modules import token

    code = Engine(cache=None).load(instrument_native(token(), LAYOUT, Passes()).module)
    return code.instantiate()


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "module": module,
    "contract": contract,
    "sections": sections,
    "frames": frames,
    "codec": codec,
}
