"""The example contracts do what they say, under CPython."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corten.base.errors import Status, TrapCode
from corten.lang.host import PythonContract

CONTRACTS = Path(__file__).resolve().parents[1] / "contracts"
DAY = 86_400_000_000_000
ONE = 10**9


class Driver:
    """A contract and short ways to call it."""

    def __init__(self, name, memory_limit=1 << 22):
        self.contract = PythonContract(CONTRACTS / f"{name}.py", memory_limit)

    def __call__(self, entry, sender=0, time=0, **arguments):
        outcome = self.contract.apply(entry, arguments, sender=sender, time=time, allow_init=True)
        assert outcome.status is Status.ACCEPTED, outcome
        return outcome.result

    def events(self, entry, sender=0, time=0, **arguments):
        return self.contract.apply(entry, arguments, sender=sender, time=time).events

    def refused(self, entry, sender=0, time=0, **arguments):
        outcome = self.contract.apply(entry, arguments, sender=sender, time=time)
        assert outcome.status in (Status.REJECTED, Status.TRAPPED)
        return outcome.name


def test_token():
    token = Driver("token")
    token("start", owner=1, supply=100)
    token("transfer", sender=1, to=2, amount=30)
    assert token.events("transfer", sender=2, to=2, amount=30) == [("Transfer", {"sender": 2, "to": 2, "amount": 30})]
    assert token.refused("transfer", sender=2, to=1, amount=31) == "balance_too_low"
    assert token.refused("transfer", sender=2, to=1, amount=0) == "amount_not_positive"
    assert token.refused("transfer", sender=3, to=1, amount=1) == "balance_too_low"
    assert (token("holders"), token("balance", account=1), token("balance", account=2)) == (2, 70, 30)
    assert token("burn", sender=2, amount=30) == 70
    assert token.refused("burn", sender=1, amount=-(2**63)) == "integer_overflow"
    assert token("holders") == 1


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(-5, 150)), max_size=25))
def test_token_conserves_its_supply(transfers):
    token = Driver("token")
    token("start", owner=1, supply=100)
    model = dict.fromkeys(range(1, 6), 0) | {1: 100}
    for sender, to, amount in transfers:
        outcome = token.contract.apply("transfer", {"to": to, "amount": amount}, sender=sender)
        assert (outcome.status is Status.ACCEPTED) is (0 < amount <= model[sender])
        if outcome.status is Status.ACCEPTED:
            model[sender] -= amount
            model[to] += amount
    assert [token("balance", account=account) for account in model] == list(model.values())


def test_vault_prices_shares():
    vault = Driver("vault")
    vault("open", daily_rate=1_000_000, fee_rate=100_000_000)
    assert vault("deposit", sender=5, assets=ONE) == ONE
    gain = ONE * (Fraction(1001, 1000) ** 3 - 1) * Fraction(9, 10)
    price = Fraction(ONE + int(gain), ONE)
    shares = vault("deposit", sender=6, time=3 * DAY + 5, assets=ONE)
    assert abs(shares - ONE / price) < 2
    assert vault("share_price") == int(price * ONE)
    after = vault("withdraw", sender=6, time=3 * DAY + 6, assets=777)
    assert after == {"shares": shares - 775, "deposited": ONE, "last_time": 3 * DAY + 6}
    assert vault.refused("withdraw", sender=6, time=3 * DAY, assets=2 * ONE) == "not_enough_shares"
    assert vault.refused("withdraw", sender=6, time=3 * DAY, assets=3 * ONE) == "not_enough_assets"
    assert vault.refused("deposit", sender=6, time=3 * DAY, assets=0) == "nothing_to_deposit"
    assert vault("account", account=99) == {"shares": 0, "deposited": 0, "last_time": 0}


@given(st.integers(-(10**7), 10**7))
def test_vault_compounds_in_fixed_point(rate):
    vault = Driver("vault")
    vault("open", daily_rate=rate, fee_rate=0)
    exact = (1 + Fraction(rate, ONE)) ** 365 - 1
    assert float(vault("yearly")) == pytest.approx(float(exact * ONE), rel=1e-6, abs=2000)


@pytest.fixture
def auction():
    auction = Driver("auction")
    for account in (5, 6, 7):
        auction("pay_in", account=account, amount=100)
    assert auction("offer", sender=1, reserve=10, closes=50) == 1
    return auction


def test_auction_sells_to_the_highest_then_earliest_bid(auction):
    for sender, amount in ((5, 20), (6, 30), (7, 30)):
        auction("bid", sender=sender, lot=1, amount=amount)
    assert auction("best", lot=1)["bidder"] == 6
    assert auction.refused("close", lot=1, refunds=9, time=49) == "still_open"
    assert not auction("close", lot=1, refunds=1, time=50)
    assert auction("close", lot=1, refunds=1, time=50)
    assert auction.refused("close", lot=1, refunds=1, time=50) == "no_such_lot"
    assert [auction("balance", account=account) for account in (1, 5, 6, 7)] == [30, 100, 70, 100]
    assert auction("open_bids") == 0


def test_auction_skips_withdrawn_bids(auction):
    auction("bid", sender=5, lot=1, amount=20)
    handle = auction("bid", sender=6, lot=1, amount=30)
    assert auction.refused("withdraw", sender=5, handle=handle) == "not_the_bidder"
    auction("withdraw", sender=6, handle=handle)
    assert auction.refused("withdraw", sender=6, handle=handle) == "already_withdrawn"
    outcome = auction.contract.apply("close", {"lot": 1, "refunds": 9}, time=60)
    assert outcome.events == [("Sold", {"lot": 1, "bidder": 5, "amount": 20})]
    assert auction.refused("withdraw", sender=6, handle=handle) == "stale_handle"
    assert auction.refused("bid_of", handle=0) == "stale_handle"
    assert [auction("balance", account=account) for account in (1, 5, 6)] == [20, 80, 100]


def test_auction_cancel_refunds(auction):
    for _ in range(4):
        auction("bid", sender=5, lot=1, amount=25)
    assert auction.refused("bid", sender=5, lot=1, amount=25) == "not_enough_cash"
    assert auction.refused("bid", sender=6, lot=1, amount=9) == "below_reserve"
    assert auction.refused("cancel", sender=2, lot=1, refunds=4) == "not_the_seller"
    assert not auction("cancel", sender=1, lot=1, refunds=3)
    assert auction.refused("bid", sender=6, lot=1, amount=25) == "not_open"
    assert auction("cancel", sender=1, lot=1, refunds=3)
    assert auction("balance", account=5) == 100


@pytest.fixture
def instruments():
    instruments = Driver("instruments")
    instruments("add_leg", kind="CALL", side="BUY", strike=100, size=2)
    instruments("add_leg", kind="PUT", side="SELL", strike=90, size=3)
    instruments("add_leg", kind="DIGITAL", side="SELL", strike=95, size=1)
    instruments("list_draft")
    return instruments


@pytest.mark.parametrize(("price", "value"), [(80, -30), (90, 0), (95, -100), (120, -60)])
def test_instruments_pay_off(instruments, price, value):
    assert instruments("value", spread=0, price=price) == value


def test_instruments_value_in_wide_integers(instruments):
    huge = {"kind": "FUTURE", "side": "BUY", "strike": 0, "size": 2**62}
    assert instruments("set_leg", spread=0, index=1, leg=huge)["strike"] == 90
    instruments("set_leg", spread=0, index=2, leg=huge)
    assert instruments("value", spread=0, price=100) == 2 * 100 * 2**62
    assert instruments.refused("set_leg", spread=0, index=3, leg=huge) == "index_out_of_range"
    assert instruments.refused("set_leg", spread=1, index=0, leg=huge) == "index_out_of_range"


def test_instruments_mark_and_retire(instruments):
    events = instruments.events("mark", price=121)
    assert events == [("Valued", {"spread": 0, "price": 121, "value": -58, "model": 0.165})]
    for price in (100, 90):
        instruments("mark", price=price)
    assert instruments("average") == 103
    assert instruments("retire", spread=0)["active"] is False
    assert instruments.refused("retire", spread=0) == "assertion_failed"
    assert instruments.events("mark", price=7) == []


def test_instruments_conversions(instruments):
    assert [instruments("code", kind=kind, side="SELL") for kind in (0, 1, 2, 7)] == [0, 257, 513, 7]
    assert instruments.refused("code", kind=3, side="BUY") == "invalid_conversion"
    assert instruments("rounded", price=0.125, lots=100) == 12
    assert instruments("rounded", price=float("nan"), lots=100) == 0
    assert instruments.refused("rounded", price=float("inf"), lots=200) == "integer_overflow"


def test_registry():
    registry = Driver("registry")
    name, digest = bytes(range(32)), bytes(32)
    registry("open", capacity=2)
    assert registry.refused("open", capacity=2) == "already_open"
    checksum = registry("register", sender=4, name=name, expires=10, digest=digest)
    assert registry("register", sender=4, name=name, expires=11, digest=digest) == checksum * 32 % 2**64
    assert registry.refused("register", sender=5, name=name, expires=12, digest=digest) == "taken"
    assert (registry("owner_of", name=name), registry("owner_of", name=digest)) == (4, 0)
    registry("register", sender=5, time=11, name=name, expires=12, digest=name)
    assert registry("last_record", steps=0) == {"owner": 5, "expires": 12, "digest": name}
    assert registry("last_record", steps=1) == {"owner": 4, "expires": 11, "digest": digest}
    assert registry.refused("last_record", steps=2) == "index_out_of_range"
    assert [registry("next_owner", owner=owner) for owner in (0, 5, 6)] == [4, 5, -1]
    registry("forget_owner", owner=4)
    assert (registry("next_owner", owner=0), registry("previous_owner", owner=4)) == (5, -1)
    assert registry.refused("release", sender=4, name=name) == "not_the_owner"
    registry("release", sender=5, name=name)
    assert registry.refused("release", sender=5, name=name) == "unknown_name"


def test_registry_on_raw_memory():
    registry = Driver("registry", 1 << 17)
    assert registry("tag", sender=4, number=3, value=7) == 3 + 6
    assert (registry("tagged", owner=4, number=3), registry("tagged", owner=4, number=4)) == (7, 0)
    assert registry("scramble", size=7) == 0xAB_AB_AB_AB_AB_AB_AB & ~0xFF_FF_FF_FF_FF_FF_FF
    outcome = registry.contract.apply("scramble", {"size": 1 << 17})
    assert outcome.code == TrapCode.HEAP_EXHAUSTED
    assert registry.refused("scramble", size=0) == "integer_overflow"
    assert registry("low_byte", value=-2) == 254


def test_shelves_hold_what_was_put_there():
    shelves = Driver("shelves")
    assert shelves("vec_append", value=5, count=20) == 20
    assert shelves("vec_set", index=3, value=2) == 7
    assert shelves("vec_pop") == {"tag": 19, "value": 0}
    assert shelves("vec_sum") == 2 * (5 * 19 + 2) + sum(range(19)) - 3 + 7
    assert shelves("map_fill", first=0, count=50) == 50
    assert shelves("map_set", key=1, value=3) == 51
    assert shelves("map_add", key=1, value=4) == 7
    assert shelves("map_drain", first=10, count=50) == 11
    assert (shelves("map_get", key=1)["value"], shelves("map_get", key=2)["value"]) == (7, -1)
    assert (shelves("map_has", key=1), shelves("map_has", key=2)) == (True, False)
    assert shelves.refused("map_delete", key=2) == "key_missing"
    assert shelves("pool_insert", value=1, count=3) == 3
    assert (shelves("pool_remove", handle=2), shelves("pool_set", handle=2, value=1)) == (2, False)
    assert shelves("pool_set", handle=3, value=1)
    assert shelves("pool_get", handle=3) == {"tag": 3, "value": 2}
    assert [shelves("bitmap_add", member=member) for member in (70_000, 5, 5)] == [1, 2, 2]
    assert (shelves("bitmap_above", member=6), shelves("bitmap_below", member=6)) == (70_000, 5)
    assert shelves("bitmap_width") == 69_995
    assert (shelves("bitmap_remove", member=5), shelves("bitmap_has", member=5)) == (1, False)
    assert [shelves("queue_push", key=key, value=key) for key in (3, -1)] == [1, 2]
    assert shelves("queue_bump", value=1) == -1
    assert shelves("queue_pop") == {"tag": 4, "value": 0}
