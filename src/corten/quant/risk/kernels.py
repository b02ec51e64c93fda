"""The kernels of risk: values and greeks of positions, the growth of vol shocks towards expiry, normal draws."""

from __future__ import annotations

from typing import Final

from corten.contracts import random
from corten.contracts.pricing import position
from corten.vm.kernels import kernel

VALUE: Final = kernel(position.position_value)
GREEKS: Final = kernel(position.position_greeks)
shock_term = kernel(position.shock_term)
normal_draw = kernel(random.normal_draw)
