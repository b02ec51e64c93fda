"""Where things lie in the system memory, and the records that host and guest exchange (docs/spec/module.md).

Some sizes decide results and so are constants of the protocol: a message may write `OUTBOX_BYTES` of records and
`RECORD_COUNT` records (else `outbox_exhausted`), and `LOG_BYTES` of undo log (else `log_exhausted`). The others do not.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from corten.wasm.limits import LOG_RED_ZONE_BYTES

PAGE_BYTES: Final = 4096
"""The unit of the touched-page map and of the state tree."""

WASM_PAGE_BYTES: Final = 65536

OUTBOX_BYTES: Final = 1 << 20
RECORD_COUNT: Final = 1 << 16
LOG_BYTES: Final = 16 << 20
INBOX_BYTES: Final = 1 << 20
MESSAGES_PER_CROSSING: Final = 8192

LAYOUT_VERSION: Final = 1
READ_ONLY: Final = 1
INIT: Final = 2
FRAME_HEADER_BYTES: Final = 16
RECORD_HEADER_BYTES: Final = 8
RESULT_RECORD: Final = 0xFFFF

FRAME_HEADER: Final = struct.Struct("<IIII")
RECEIPT: Final = struct.Struct("<BBHIqIIQ")
RECEIPT_DTYPE: Final = np.dtype(
    {
        "names": ["status", "code", "site", "gas", "first_record", "record_count", "origin"],
        "formats": ["u1", "<u2", "<u4", "<i8", "<u4", "<u4", "<u8"],
        "offsets": [0, 2, 4, 8, 16, 20, 24],
        "itemsize": 32,
    }
)
U32: Final = struct.Struct("<I")

_CONTROL: Final = struct.Struct("<16I")
_HEADER: Final = struct.Struct("<qqqqi")
_U64: Final = (1 << 64) - 1
HEADER_OFFSET: Final = 64
HEADER_BYTES: Final = _HEADER.size
ADDRESS_OFFSET: Final = 100
NEXT_INDEX_OFFSET: Final = 16
CURSOR_OFFSET: Final = 12
OUTBOX_CURSOR_OFFSET: Final = 32
RECORD_CURSOR_OFFSET: Final = 44
TOUCHED_OFFSET: Final = 4096
"""The touched-page map, one byte a page, has a fixed place behind the control block."""

READ_MAP_BYTES: Final = 1 << 20
"""The read-page map has a byte for each page that 32 bits can address."""

assert RECEIPT.size == RECEIPT_DTYPE.itemsize == 32
assert _CONTROL.size == HEADER_OFFSET


@dataclass(frozen=True)
class Layout:
    """Byte offsets of the areas of a system memory that serves a guest memory of `memory_bytes`.

    `records_access`: of the variant of instrumentation that marks which pages are read.
    """

    memory_bytes: int
    records_access: bool = False

    @property
    def page_count(self) -> int:
        """4 KiB pages of the guest's memory."""
        return self.memory_bytes // PAGE_BYTES

    @property
    def read_map(self) -> int:
        """The read-page map, if there is one."""
        return TOUCHED_OFFSET + self.page_count

    @property
    def inbox(self) -> int:
        """Frames; the page maps lie before it."""
        return -(-(self.read_map + (READ_MAP_BYTES if self.records_access else 0)) // 64) * 64

    @property
    def receipts(self) -> int:
        """One receipt for each message of a crossing."""
        return self.inbox + INBOX_BYTES

    @property
    def record_index(self) -> int:
        """The outbox address of each record."""
        return self.receipts + RECEIPT.size * MESSAGES_PER_CROSSING

    @property
    def outbox(self) -> int:
        """Events and results."""
        return self.record_index + U32.size * RECORD_COUNT

    @property
    def log(self) -> int:
        """The undo log of one message, and a red zone behind it."""
        return self.outbox + OUTBOX_BYTES

    @property
    def system_pages(self) -> int:
        """64 KiB pages of the system memory: all areas and the undo log's red zone."""
        return -(-(self.log + LOG_BYTES + LOG_RED_ZONE_BYTES) // WASM_PAGE_BYTES)

    def control(self, frames_end: int, flags: int) -> bytes:
        """The first 64 bytes of the control block before a crossing: frames from the inbox to there, the rest empty."""
        return _CONTROL.pack(
            LAYOUT_VERSION,
            self.inbox,
            frames_end,
            self.inbox,
            0,
            self.receipts,
            self.outbox,
            self.outbox + OUTBOX_BYTES,
            self.outbox,
            self.record_index,
            self.record_index + U32.size * RECORD_COUNT,
            self.record_index,
            self.log,
            self.log + LOG_BYTES,
            TOUCHED_OFFSET,
            flags,
        )


def header(gas_limit: int, time: int, height: int, chain: int, stack_limit: int) -> bytes:
    """The rest of the control block, which stays the same over many crossings."""
    return _HEADER.pack(gas_limit, time, _signed(height), _signed(chain), stack_limit)


def parse_header(content: bytes) -> tuple[int, int, int]:
    """Time, height and chain of a `header`."""
    _, time, height, chain, _ = _HEADER.unpack(content)
    return time, height & _U64, chain & _U64


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
