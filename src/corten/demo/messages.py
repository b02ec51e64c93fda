"""The form in which recordings and generated flows reach the order book: one row per message, in order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PLACE, CANCEL, REDUCE, REPLACE = range(4)
BUY, SELL = range(2)
LIMIT, POST_ONLY, IMMEDIATE_OR_CANCEL, FILL_OR_KILL, MARKET = range(5)

MESSAGE = np.dtype(
    [
        ("entry", np.uint8),
        ("side", np.uint8),
        ("order_type", np.uint8),
        ("self_trade", np.uint8),
        ("sender", np.uint32),
        ("client_id", np.uint32),
        ("price", np.int64),
        ("size", np.int64),
        ("time", np.int64),  # ns
    ],
    align=True,
)

Messages = NDArray[Any]
