import numpy as np

import corten
from corten.lang import f64, kernel, struct

GRID = np.linspace(0.0, 1.0, 3)
HALF = 0.5


@struct
class Quote:
    bid: f64
    ask: f64


@corten.kernel
def mid_price(quote: Quote) -> f64:
    return HALF * (quote.bid + quote.ask)


@kernel
def spread(quote: Quote) -> f64:
    return quote.ask - mid_price(quote) + (mid_price(quote) - quote.bid)
