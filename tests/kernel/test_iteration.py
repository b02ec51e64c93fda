"""Iterated kernels give what calling them again and again gives."""

from __future__ import annotations

import numpy as np
import pytest

from corten.base.errors import DiagnosticError, InvalidInput, KernelTrapped
from tests.kernel import stepping

ROWS, STEPS = 2_501, 7
NOISE = np.random.default_rng(5).normal(size=(STEPS, ROWS))
NUMBERS = np.arange(STEPS, dtype=np.uint64)[:, None]
START = {"x": np.linspace(-1, 1, ROWS), "total": 0.0, "hits": np.arange(ROWS, dtype=np.int64)}


def one_by_one(state, drift, scale, noise, is_counting):
    for number in range(STEPS):
        terms = {"drift": drift, "scale": scale}
        state = stepping.step(state, np.uint64(number), terms, noise[number], is_counting)._asdict()
    return state


def same(found, expected):
    return all(np.array_equal(getattr(found, name), np.broadcast_to(column, ROWS)) for name, column in expected.items())


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("scale", [0.5, np.linspace(0, 1, ROWS)])
@pytest.mark.parametrize("is_counting", [True, np.arange(ROWS) % 3 == 0])
def test_equals_calling_the_kernel_each_step(scale, is_counting, threads):
    terms = {"drift": 0.01, "scale": scale}
    found = stepping.step.iterate(
        STEPS, START, threads=threads, number=NUMBERS, terms=terms, noise=NOISE, is_counting=is_counting
    )
    assert same(found, one_by_one(START, 0.01, scale, NOISE, is_counting))


def test_same_bits_in_v8():
    arguments = {"number": NUMBERS, "terms": {"drift": 0.3, "scale": 1.1}, "noise": NOISE, "is_counting": True}
    found = stepping.step.on("v8").iterate(STEPS, START, **arguments)
    assert same(found, stepping.step.iterate(STEPS, START, **arguments)._asdict())


def test_values_of_steps_that_do_not_fit_at_once_are_given_in_parts():
    steps = 400
    noise = np.random.default_rng(1).normal(size=(steps, 1_100))
    terms = {"drift": 0.0, "scale": 1.0}
    numbers = np.arange(steps, dtype=np.uint64)[:, None]
    found = stepping.step.iterate(
        steps, {"x": 0.0, "total": 0.0, "hits": 0}, number=numbers, terms=terms, noise=noise, is_counting=False
    )
    expected = np.zeros(1_100)
    for row in noise:
        expected = expected + 0.0 + 1.0 * row
    assert np.array_equal(found.x, expected)


def test_array_parameters_with_any_nan_in_them():
    weights = np.array([[[2.0, 1.0, np.nan]], [[0.5, 0.0, 1.0]]])
    weights.view(np.uint64)[0, 0, 2] = 0xFFF8_0000_0000_1234
    found = stepping.weigh.iterate(2, {"x": [1.0, 3.0], "total": 0.0, "hits": 0}, weights=weights)
    assert found.x.tolist() == [1.5, 3.5]
    assert found.total.view(np.uint64).tolist() == [0x7FF8_0000_0000_0000] * 2


def test_no_steps_leave_the_state():
    found = stepping.weigh.iterate(0, {"x": [1.0, 3.0], "total": 0.0, "hits": 0}, weights=np.zeros(3))
    assert found.x.tolist() == [1.0, 3.0]


@pytest.mark.parametrize("engine", ["wasmtime", "v8"])
def test_a_state_given_in_another_type_is_converted(engine):
    start = {"x": [1, 3], "total": np.float32(0.5), "hits": np.int8(4)}
    found = stepping.weigh.on(engine).iterate(2, start, weights=[2, 1, 0])
    assert found.x.tolist() == [7.0, 15.0]
    assert found.total.tolist() == [0.5, 0.5]
    assert [column.dtype.name for column in found] == ["float64", "float64", "int64"]


def test_a_state_without_rows_stays_so():
    found = stepping.weigh.iterate(2, {"x": np.empty(0), "total": 0.0, "hits": 0}, weights=np.zeros(3))
    assert [column.shape for column in found] == [(0,)] * 3


def test_more_values_of_one_row_than_memory_holds_are_given_in_parts():
    steps = 300_000
    terms = {"drift": np.ones((steps, 1)), "scale": 0.0}
    start = {"x": 0.0, "total": 0.0, "hits": 0}
    found = stepping.step.iterate(steps, start, number=np.uint64(0), terms=terms, noise=0.0, is_counting=True)
    assert (found.x.item(), found.hits.item()) == (steps, steps)


def test_more_steps_than_an_i32_counts_are_made():
    with pytest.raises(KernelTrapped):
        stepping.trap_at_three.iterate(1 << 31, {"x": 0.0, "total": 0.0, "hits": 0}, limit=np.uint32(3))


@pytest.mark.parametrize("threads", [1, 2, 3, 4])
def test_the_first_chunk_that_trapped_is_reported_whatever_the_threads(threads):
    hits = np.zeros(8_000, np.int64)
    hits[[1_500, 5_000, 6_200]] = 9
    with pytest.raises(KernelTrapped, match="1024 to 2047"):
        stepping.trap_at_three.iterate(1, {"x": 0.0, "total": 0.0, "hits": hits}, threads=threads, limit=np.uint32(3))


def test_a_trap_names_the_kernel_and_the_rows():
    with pytest.raises(KernelTrapped, match="trap_at_three"):
        stepping.trap_at_three.iterate(9, {"x": 0.0, "total": 0.0, "hits": 0}, limit=np.uint32(3))
    with pytest.raises(KernelTrapped) as caught:
        stepping.trap_at_three.on("v8").iterate(9, {"x": np.zeros(5), "total": 0.0, "hits": 0}, limit=np.uint32(3))
    assert "rows" in str(caught.value)
    assert caught.value.__traceback__ is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"noise": np.zeros((3, ROWS))},
            r"noise: expected a shape that broadcasts to \(7, rows\), found shape \(3, 2501\)",
        ),
        ({"noise": np.zeros(5)}, "noise: expected one value, or one for each of 2501 rows, found 5"),
        ({"terms": {"drift": 1.0}}, "terms: expected a field scale"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(change, words):
    arguments = {"number": NUMBERS, "terms": {"drift": 0.0, "scale": 0.0}, "noise": 0.0, "is_counting": True}
    with pytest.raises(InvalidInput, match=words):
        stepping.step.iterate(STEPS, START, **{**arguments, **change})


def test_only_a_kernel_from_a_state_to_itself_iterates():
    with pytest.raises((DiagnosticError, InvalidInput)):
        stepping.no_state.iterate(3, {"x": 1.0}, y=2.0)
