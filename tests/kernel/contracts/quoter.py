from corten.lang import Contract, contract, f64, message, view
from shared_kernels import Quote, mid_price, spread


@contract
class Quoter(Contract):
    last: f64

    @message
    def set(self, bid: f64, ask: f64) -> f64:
        self.last = mid_price(Quote(bid, ask))
        return self.last

    @view
    def width(self, bid: f64, ask: f64) -> f64:
        return spread(Quote(bid, ask))
