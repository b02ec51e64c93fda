"""A contract that values options: the pricing library inside a message."""

from corten.contracts.pricing.black import CallPut, black76, black76_inverse
from corten.contracts.pricing.greeks import InverseGreeks, black76_inverse_greeks
from corten.contracts.pricing.implied import Implied, ImpliedStatus, implied_inverse
from corten.lang import Contract, contract, f64, message, require, view


@contract
class Desk(Contract):
    vol: f64

    @message
    def mark(self, price: f64, forward: f64, strike: f64, expiry: f64, kind: f64) -> f64:
        found = implied_inverse(price, forward, strike, expiry, kind)
        require(found.status == ImpliedStatus.CONVERGED, "price_has_no_volatility")
        self.vol = found.vol
        return found.vol

    @view
    def quote(self, forward: f64, strike: f64, expiry: f64) -> CallPut:
        return black76_inverse(forward, strike, expiry, self.vol)

    @view
    def price(self, forward: f64, strike: f64, expiry: f64, vol: f64, discount: f64) -> CallPut:
        return black76(forward, strike, expiry, vol, discount)

    @view
    def risk(self, forward: f64, strike: f64, expiry: f64, kind: f64) -> InverseGreeks:
        return black76_inverse_greeks(forward, strike, expiry, self.vol, kind)

    @view
    def implied(self, price: f64, forward: f64, strike: f64, expiry: f64, kind: f64) -> Implied:
        return implied_inverse(price, forward, strike, expiry, kind)
