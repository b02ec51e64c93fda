"""The official specification tests: as many assertions run as are on record, and all of them hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.wasm.settings import missing
from tests.wasm.spec_suite import PLAIN, RECORD, V8_VOICES, VOICES, archived, run_file

RAN: dict[str, dict[str, int]] = json.loads(RECORD.read_text(encoding="utf-8"))["ran"]
ABSENT = V8_VOICES if missing("v8") else ()
QUICK = ("br_table.wast", "conversions.wast", "float_misc.wast", "i64.wast", "left-to-right.wast", "simd.wast")


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The archive's files by name."""
    return {path.name: path for path in archived(tmp_path_factory.mktemp("testsuite"))}


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in RAN]
)
def test_file(files: dict[str, Path], name: str) -> None:
    counts = run_file(files[name])
    assert not counts.failures, "\n".join(counts.failures[:20])
    missing = {voice: count for voice, count in RAN[name].items() if counts.ran[voice] < count and voice not in ABSENT}
    assert not missing, f"fewer assertions ran than the record says: {dict(counts.ran)}, on record {RAN[name]}"


def test_v8_ran_too() -> None:
    """So that a run without it says so."""
    if ABSENT:
        pytest.skip(missing("v8"))
    assert set(V8_VOICES) <= VOICES.keys()


def test_the_record_is_of_all_files(files: dict[str, Path]) -> None:
    assert files.keys() == RAN.keys()


def test_enough_assertions_are_on_record() -> None:
    """So that a smaller record is a decision, not an accident."""
    plain, instrumented = dict.fromkeys(PLAIN, 15_800), dict.fromkeys(VOICES.keys() - set(PLAIN), 15_600)
    for voice, least in {**plain, **instrumented, "reader": 1_190}.items():
        assert sum(counts.get(voice, 0) for counts in RAN.values()) >= least
