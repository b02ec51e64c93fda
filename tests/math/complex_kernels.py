"""Kernels of complex arithmetic."""

from __future__ import annotations

import corten
from corten.contracts.numeric.complex import (
    Complex,
    add,
    complex_exp,
    complex_log,
    complex_pow,
    complex_sqrt,
    conjugated,
    divide,
    modulus,
    multiply,
    negated,
    scaled,
    subtract,
)
from corten.lang import f64


@corten.kernel
def product(a: Complex, b: Complex) -> Complex:
    return multiply(a, b)


@corten.kernel
def quotient(a: Complex, b: Complex) -> Complex:
    return divide(a, b)


@corten.kernel
def exponential(a: Complex) -> Complex:
    return complex_exp(a)


@corten.kernel
def logarithm(a: Complex) -> Complex:
    return complex_log(a)


@corten.kernel
def root(a: Complex) -> Complex:
    return complex_sqrt(a)


@corten.kernel
def power(a: Complex, b: Complex) -> Complex:
    return complex_pow(a, b)


@corten.kernel
def combination(a: Complex, b: Complex) -> Complex:
    return subtract(add(scaled(a, 2.0), conjugated(b)), negated(b))


@corten.kernel
def size(a: Complex) -> f64:
    return modulus(a)
