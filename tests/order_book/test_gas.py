"""Gas follows the work: a constant for each unit, whatever rests in the book."""

from __future__ import annotations

import pytest

from tools.gas_table import WORK, Book, linear_operations, single_operations


def test_gas_does_not_depend_on_the_size_of_the_book():
    """Apart from the index: an order may share its bucket with another, and a growing book adds buckets."""
    assert single_operations(Book(10, 10)) == pytest.approx(single_operations(Book(300, 30)), rel=0.15)


@pytest.mark.parametrize(("operation", "gas"), linear_operations().items())
def test_gas_is_linear_in_the_work(operation: str, gas: list[int]):
    units = [(gas[i + 1] - gas[i]) / (WORK[i + 1] - WORK[i]) for i in range(1, len(WORK) - 1)]
    assert max(units) <= 1.05 * min(units), f"{operation}: gas a unit {units}"


def test_a_refused_order_costs_less_than_an_accepted_one():
    gas = single_operations(Book(10, 10))
    refused = [cost for name, cost in gas.items() if "refused" in name or "not found" in name]
    accepted = [cost for name, cost in gas.items() if "refused" not in name and "not found" not in name]
    assert max(refused) <= min(accepted)
