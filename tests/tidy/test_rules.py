"""Each rule of style has been seen to fail: what it must find, and what it must leave alone."""

from __future__ import annotations

import ast

import pytest

from tests.tidy import rules

FOUND = [
    (rules.bare_except, "try:\n    x()\nexcept:\n    pass", "name the errors"),
    (rules.broad_except, "try:\n    x()\nexcept Exception:\n    pass", "name the errors"),
    (rules.broad_except, "try:\n    x()\nexcept (OSError, BaseException):\n    pass", "name the errors"),
    (rules.state_imports, "import random", "counter-based"),
    (rules.state_imports, "from time import time", "block time"),
    (rules.state_builtins, "key = hash(name)", "hash_of"),
    (rules.state_builtins, "key = id(node)", "index"),
    (rules.host_libm, "import math\ny = math.exp(x)", "contract Python"),
    (rules.host_libm, "from math import log", "contract Python"),
    (rules.host_libm, "y = np.log(x)", "contract Python"),
    (rules.set_iteration, "for x in {1, 2}:\n    f(x)", "sorted"),
    (rules.set_iteration, "names = set(xs)\ny = list(names)", "sorted"),
    (rules.set_iteration, "def f(names: set[str]) -> None:\n    for x in names:\n        g(x)", "sorted"),
    (
        rules.set_iteration,
        "class A:\n    def f(self):\n        self.x = set()\n        return [y for y in self.x]",
        "sorted",
    ),
    (rules.set_iteration, "y = ', '.join({x for x in xs})", "sorted"),
    (rules.set_iteration, "a = set(x)\nfor y in a - {1}:\n    f(y)", "sorted"),
]

LEFT_ALONE = [
    (rules.bare_except, "try:\n    x()\nexcept OSError:\n    pass"),
    (rules.broad_except, "try:\n    x()\nexcept (OSError, ValueError):\n    pass"),
    (rules.state_imports, "from corten.lang import hash_of\nimport math"),
    (rules.state_builtins, "class A:\n    def __hash__(self):\n        return hash(self.x)"),
    (rules.state_builtins, "y = hash_of(x)"),
    (rules.host_libm, "import math\ny = math.sqrt(math.floor(x))"),
    (rules.set_iteration, "names = set(xs)\nfor x in sorted(names):\n    f(x)"),
    (rules.set_iteration, "names = {1, 2}\nif x in names:\n    f(x)"),
    (rules.set_iteration, "names = {y for y in xs}"),
    (rules.set_iteration, "a = set(x)\nfor a in b:\n    f(a)"),
]


@pytest.mark.parametrize(("rule", "source", "replacement"), FOUND)
def test_rule_finds_and_names_the_replacement(rule, source, replacement):
    [violation] = list(rule(ast.parse(source)))
    assert replacement in violation.message


@pytest.mark.parametrize(("rule", "source"), LEFT_ALONE)
def test_rule_leaves_alone(rule, source):
    assert not list(rule(ast.parse(source)))


def test_long_file_is_found():
    assert list(rules.file_length("x = 1\n" * (rules.MAXIMUM_LINES + 1)))
    assert not list(rules.file_length("x = 1\n" * rules.MAXIMUM_LINES))
