"""A contract without floats that uses the fixed-point functions."""

from corten.contracts.numeric.fixed_point import (
    exp_down,
    exp_up,
    ln_down,
    ln_up,
    normal_cdf_down,
    normal_cdf_up,
    pow_down,
    pow_up,
    sqrt_ceil,
    sqrt_floor,
)
from corten.lang import Contract, contract, i128, message


@contract
class Vault(Contract):
    unused: i128

    @message
    def exp_bounds(self, x: i128, up: bool) -> i128:
        return exp_up(x) if up else exp_down(x)

    @message
    def ln_bounds(self, x: i128, up: bool) -> i128:
        return ln_up(x) if up else ln_down(x)

    @message
    def sqrt_bounds(self, x: i128, up: bool) -> i128:
        return sqrt_ceil(x) if up else sqrt_floor(x)

    @message
    def normal_cdf_bounds(self, x: i128, up: bool) -> i128:
        return normal_cdf_up(x) if up else normal_cdf_down(x)

    @message
    def pow_bounds(self, x: i128, y: i128, up: bool) -> i128:
        return pow_up(x, y) if up else pow_down(x, y)
