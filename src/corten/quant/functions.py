"""Mathematical functions over columns, with the same bits everywhere (error bounds: docs/mathematics.md)."""

from __future__ import annotations

from corten.contracts.numeric import exponential, normal
from corten.vm.kernels import kernel

exp = kernel(exponential.exp)
expm1 = kernel(exponential.expm1)
log = kernel(exponential.log)
log1p = kernel(exponential.log1p)
erf = kernel(normal.erf)
erfc = kernel(normal.erfc)
erfcx = kernel(normal.erfcx)
normal_cdf = kernel(normal.normal_cdf)
normal_pdf = kernel(normal.normal_pdf)
