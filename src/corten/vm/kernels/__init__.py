"""Kernels: pure functions compiled to a loop over columns, and what numpy, pandas and polars users call.

source       a function's file or cell, and what it needs of it
program      compiled and instrumented, through the cache; where columns lie in the guest's memory
columns      dtypes, broadcasting, chunks
containers   pandas and polars
runner       instances, threads, rows that failed
scalar       one row of Python scalars, quickly
iteration    a state that a kernel is applied to again and again
explanation  what became of a kernel, in words
mapping      `corten.kernel` itself
"""

from corten.vm.kernels.mapping import Kernel, kernel

__all__ = ["Kernel", "kernel"]
