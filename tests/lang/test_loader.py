"""Contract source under CPython: annotations hold, literals are typed, and line numbers are the author's."""

from __future__ import annotations

import traceback

import pytest

from corten.base.errors import TrapCode, Trapped
from corten.lang import Array, Handle, f64, i64, u8, u16, u32, u64
from corten.lang.loader import load_contract, load_module
from corten.lang.refusal import LanguageError


def typed(value):
    return type(value), value


def test_annotations_are_enforced(load):
    module = load("""
        from corten.lang import u8, u32, i64

        LIMIT: u32 = 7
        FREE = 1 << 6

        def widened(x: u8, y: "u32") -> i64:
            z: u32 = 3
            return i64(x) + i64(y) + i64(z)

        def limit() -> u32:
            return LIMIT + FREE

        def free() -> u8:
            return FREE

        def wrong_result(x: u8) -> u32:
            return x

        def wrong_local(x: u8) -> None:
            y: u32 = x
        """)
    assert typed(module.widened(1, 2)) == (i64, 6)
    assert typed(module.limit()) == (u32, 71)
    assert typed(module.free()) == (u8, 64)
    for wrong in (
        lambda: module.widened(300, 2),
        lambda: module.widened(u32(3), 2),
        lambda: module.wrong_result(1),
        lambda: module.wrong_local(1),
    ):
        with pytest.raises(LanguageError):
            wrong()


def test_literals(load):
    module = load("""
        from corten.lang import i64, f64, u8, u16

        def local() -> i64:
            x = 1
            x = x + 2
            return x

        def overflow() -> i64:
            x = 0x7FFF_FFFF_FFFF_FFFF
            return x + 1

        def adopted(x: u8) -> u8:
            y = x
            y = 200
            y = 0 if x > 100 else y
            return y + 100

        def branches(flag: bool, x: u16) -> u16:
            y = x if flag else 0
            return y + 0xFFFF

        def late(flag: bool, x: u16) -> u16:
            if flag:
                y = x
            else:
                y = 65_535
            return y

        def real() -> f64:
            x = 0.1
            return x / 0.0

        def half() -> f64:
            return 1.0 / 2
        """)
    assert typed(module.local()) == (i64, 3)
    assert typed(module.adopted(101)) == (u8, 100)
    assert typed(module.late(False, 1)) == (u16, 65_535)
    assert typed(module.real()) == (f64, float("inf"))
    assert typed(module.half()) == (f64, 0.5)
    assert typed(module.branches(False, 1)) == (u16, 65_535)
    for wrong in (module.overflow, lambda: module.adopted(1), lambda: module.branches(True, 1)):
        with pytest.raises(Trapped) as caught:
            wrong()
        assert caught.value.code is TrapCode.INTEGER_OVERFLOW


def test_loops_and_builtins(load):
    module = load("""
        from typing import Literal
        from corten.lang import Array, i64, u8, u16, u32

        THREE = Literal[3]

        def total(n: u8) -> u8:
            total = u8(0)
            for i in range(n):
                total += i
            return total

        def down(n: u32) -> u32:
            last = n
            for i in range(n, 0, -2):
                last = i
            return last

        def of_literals() -> i64:
            total = 0
            for i in range(1, 4):
                total += i
            return total

        def elements() -> i64:
            values = Array[i64, THREE]()
            values[1] = 5
            total = 0
            for value in values:
                total += value
            return total + i64(len(values))

        def extremes(a: u16) -> u16:
            return min(a, 7) + max(3, a, 5) + abs(a)
        """)
    assert typed(module.total(5)) == (u8, 10)
    assert typed(module.down(9)) == (u32, 1)
    assert typed(module.of_literals()) == (i64, 6)
    assert typed(module.elements()) == (i64, 8)
    assert typed(module.extremes(9)) == (u16, 25)


def test_match_and_assert(load):
    module = load("""
        from corten.lang import Enum, i64, u8

        class Side(Enum):
            BUY = 0
            SELL = 1

        def of_integer(x: u8) -> i64:
            match x:
                case 0 | 1:
                    return 10
                case 2 if x < 1:
                    return 20
                case _:
                    return 30

        def of_enum(side: Side) -> i64:
            match side:
                case Side.BUY:
                    return 1
                case Side.SELL:
                    return -1

        def checked(x: u8) -> u8:
            assert x > 3
            return x
        """)
    assert [int(module.of_integer(x)) for x in (0, 1, 2, 3)] == [10, 10, 30, 30]
    assert [int(module.of_enum(module.Side(x))) for x in (0, 1)] == [1, -1]
    with pytest.raises(Trapped) as caught:
        module.checked(3)
    assert caught.value.code is TrapCode.ASSERTION_FAILED
    with pytest.raises(Trapped) as caught:
        module.Side(u8(2))
    assert caught.value.code is TrapCode.INVALID_CONVERSION


def test_structs_are_copied_on_return_unless_referred_to(load):
    module = load("""
        from corten.lang import Ref, i64, struct

        @struct
        class Inner:
            x: i64

        @struct
        class Outer:
            inner: Inner

            def copied(self) -> Inner:
                return self.inner

            def place(self) -> Ref[Inner]:
                return self.inner

        def change(inner: Inner) -> None:
            inner.x += 1
        """)
    outer = module.Outer()
    module.change(outer.copied())
    module.change(outer.place())
    module.change(outer.inner)
    assert outer.inner.x == 2


def test_generic_functions_bind_their_type_variables(load):
    module = load("""
        from typing import Generic, Literal, TypeVar
        from corten.lang import Array, Handle, i64, size_of, struct, u16, u32

        T = TypeVar("T")
        U = TypeVar("U")
        TWO = Literal[2]

        @struct
        class Box(Generic[T]):
            value: T

            def pair(self, other: U) -> u32:
                return size_of(T) * 100 + size_of(U)

        def width(value: T) -> u32:
            return size_of(T)

        def inside(box: Box[T]) -> T:
            result: T = box.value
            return result

        def element(values: Array[T, TWO]) -> u32:
            return size_of(T)

        def target(handle: Handle[T]) -> u32:
            return size_of(T)
        """)
    assert int(module.width(u16(1))) == 2
    assert int(module.width(1)) == 8
    assert typed(module.inside(module.Box[u16](value=7))) == (u16, 7)
    assert int(module.element(Array[u16, 2]())) == 2
    assert int(module.target(Handle[u64](0))) == 8
    assert int(module.Box[u16](value=7).pair(u32(1))) == 204


def test_imports_beside_the_file_and_error_numbers(source):
    source(
        """
        from corten.lang import require, event, u8, i64

        SCALE: i64 = 10

        @event
        class Logged:
            x: u8

        def check(x: u8) -> None:
            require(x > 1, "too_small")
        """,
        "other.py",
    )
    main = source("""
        from other import SCALE, Logged, check
        from corten.lang import contract, event, i64, message, require, u8

        @event
        class Done:
            x: i64

        @contract
        class Main:
            @message
            def run(self, x: u8) -> i64:
                require(x != 5, "is_five")
                check(x)
                require(x != 6, "too_small")
                return SCALE
        """)
    loaded = load_contract(main)
    assert loaded.errors == ("too_small", "is_five")
    assert [event.__name__ for event in loaded.events] == ["Logged", "Done"]


@pytest.mark.parametrize(
    "text", ["import os", "from socket import socket", "from .other import f", "from missing import f"]
)
def test_other_imports_are_refused(load, text):
    with pytest.raises(LanguageError, match="contract source imports"):
        load(text)


def test_circular_imports_are_refused(source):
    source("from two import f", "one.py")
    with pytest.raises(LanguageError, match="circle"):
        load_module(source("from one import g", "two.py"))


def test_a_contract_file_has_one_contract(source):
    with pytest.raises(LanguageError, match="found 0"):
        load_contract(source("from corten.lang import u8"))


def test_traceback_points_at_the_contracts_lines(source):
    text = """\
        from corten.lang import Vec, i64, struct, u8


        def helper(
            x: u8,
            y: i64,
        ) -> i64:
            total = y
            for i in range(2):
                assert (
                    i < 1
                )
                total = total // (1 if x > 3
                                  else i64(x))
            return total


        def outer(x: u8) -> i64:
            "Docs."
            z = 1

            return helper(x, z) + z
        """
    path = source(text)
    module = load_module(path)

    def lines(*arguments):
        with pytest.raises(Trapped) as caught:
            module.outer(*arguments)
        return [
            frame.lineno for frame in traceback.extract_tb(caught.value.__traceback__) if frame.filename == str(path)
        ]

    assert lines(0) == [22, 13]
    assert lines(4) == [22, 10]
    with pytest.raises(LanguageError) as refused:
        module.outer(i64(4))
    frames = traceback.extract_tb(refused.value.__traceback__)
    assert [frame.lineno for frame in frames if frame.filename == str(path)] == [18]


def test_every_instruction_keeps_a_line_of_the_source(source):
    """Debuggers step where code objects say: no line outside the function, and all of its statements."""
    path = source("""\
        from typing import Generic, TypeVar
        from corten.lang import i64, size_of, struct, u32

        T = TypeVar("T")

        @struct
        class Box(Generic[T]):
            value: T

            def get(self, other: T) -> T:
                x: T = other
                assert size_of(T) > 0
                return x
        """)
    code = load_module(path).Box.get.__code__
    assert {line for *_, line in code.co_lines() if line is not None} == {10, 11, 12, 13}
