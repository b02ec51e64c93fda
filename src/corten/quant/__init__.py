"""Numbers for people: the library's kernels mapped over numpy, pandas and polars columns.

    from corten.quant import normal_cdf
    normal_cdf(xs)

What stands in `corten.contracts` is for contracts and kernels, and takes scalars; here the same functions take columns.
"""

from corten.quant.functions import erf, erfc, erfcx, exp, expm1, log, log1p, normal_cdf, normal_pdf

__all__ = ["erf", "erfc", "erfcx", "exp", "expm1", "log", "log1p", "normal_cdf", "normal_pdf"]
