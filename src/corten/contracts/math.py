"""Mathematical functions that give the same bits everywhere: computed in the module, never by the host.

Elementary functions and error functions are straight-line code, made for kernels: LLVM maps them over columns in
vectors. The gamma functions and the bivariate distribution branch and loop. Complex numbers are in
`corten.contracts.numeric.complex`, integers for contracts without floats in `corten.contracts.numeric.fixed_point`.
Domains, special cases and error bounds: docs/mathematics.md.
"""

from corten.contracts.numeric.bivariate import bivariate_normal_cdf
from corten.contracts.numeric.exponential import exp, expm1, log, log1p
from corten.contracts.numeric.gamma import (
    chi_square_cdf,
    gamma,
    gamma_p,
    gamma_q,
    log_gamma,
    noncentral_chi_square_cdf,
)
from corten.contracts.numeric.normal import erf, erfc, erfcx, normal_cdf, normal_inverse, normal_pdf
from corten.contracts.numeric.power import cbrt, cosh, exp2, hypot, log2, log10, pow, sinh, tanh
from corten.contracts.numeric.trigonometric import (
    acos,
    asin,
    atan,
    atan2,
    cos,
    cos_bounded,
    sin,
    sin_bounded,
    tan,
    tan_bounded,
)
from corten.lang import sqrt

__all__ = [
    "acos", "asin", "atan", "atan2", "bivariate_normal_cdf", "cbrt", "chi_square_cdf", "cos", "cos_bounded",
    "cosh", "erf", "erfc", "erfcx", "exp", "exp2", "expm1", "gamma", "gamma_p", "gamma_q", "hypot", "log",
    "log10", "log1p", "log2", "log_gamma", "noncentral_chi_square_cdf", "normal_cdf", "normal_inverse",
    "normal_pdf", "pow", "sin", "sin_bounded", "sinh", "sqrt", "tan", "tan_bounded", "tanh",
]  # fmt: skip
