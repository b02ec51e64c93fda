"""Option chains: from a Parquet file to volatilities, greeks, a surface, and what in the quotes is arbitrage.

    from corten.quant import chain
    priced = chain.price(chain.read("chain.parquet"))         # docs/price.md

reading    files and columns, checked
pricing    volatilities, greeks, the surface, errors of fit
quotes     arbitrage in quotes
picture    smiles, total variance and surface as pictures
"""

from corten.quant.chain.picture import draw
from corten.quant.chain.pricing import Expiry, Priced, price
from corten.quant.chain.quotes import Violation
from corten.quant.chain.reading import Chain, read

__all__ = ["Chain", "Expiry", "Priced", "Violation", "draw", "price", "read"]
