"""`corten demo book` and `corten replay`: what a divergence costs, and what is no run."""

from __future__ import annotations

import pytest

from corten.cli.app import run
from corten.demo import book
from corten.demo.run import DivergenceError


def test_a_divergence_is_our_fault_and_names_the_message(monkeypatch, tmp_path, capsys):
    def diverge(*arguments):
        raise DivergenceError(17, 0, 100, "another root")

    monkeypatch.setattr(book, "replay_run", diverge)
    assert run(["replay", str(tmp_path)]) == 2
    assert "message 17 is the first that diverges" in capsys.readouterr().err


def test_a_directory_that_is_no_run_is_the_users_fault(tmp_path, capsys):
    assert run(["replay", str(tmp_path)]) == 1
    assert "error" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--data", "missing"], ["--seed", "one"]])
def test_a_wrong_option_is_named(option, capsys):
    assert run(["demo", "book", *option]) == 1
    assert option[0] in capsys.readouterr().err
