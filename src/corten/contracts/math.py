"""Mathematical functions that give the same bits everywhere: computed in the module, never by the host.

Elementary functions and error functions are straight-line code, made for kernels: LLVM maps them over columns in
vectors. Domains, special cases and error bounds of each: docs/mathematics.md.
"""

from corten.contracts.numeric.exponential import exp, expm1, log, log1p
from corten.contracts.numeric.normal import erf, erfc, erfcx, normal_cdf, normal_pdf
from corten.lang import sqrt

__all__ = ["erf", "erfc", "erfcx", "exp", "expm1", "log", "log1p", "normal_cdf", "normal_pdf", "sqrt"]
