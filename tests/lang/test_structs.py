"""Structs, arrays and generics as views on memory."""

from __future__ import annotations

import pytest

from corten.base.errors import TrapCode, Trapped
from corten.lang import (
    address_of,
    allocate,
    check_index,
    copy_memory,
    equal_keys,
    fill_memory,
    hash_of,
    ref,
    size_of,
    store,
    u8,
    u16,
    u32,
    u64,
)
from corten.lang import load as load_value
from corten.lang.layout import layout_of
from corten.lang.refusal import LanguageError
from tests.lang.conftest import HEAP
from tests.lang.test_functions import mix

SOURCE = """
    from typing import Generic, Literal, TypeVar
    from corten.lang import Array, Enum, Handle, Unit, bytes32, f64, i8, i64, i128, struct, u8, u16, u32

    T = TypeVar("T")
    N = Literal[3]

    class Side(Enum):
        BUY = 0
        SELL = 1

    class Ticks(Unit[i64]):
        pass

    @struct
    class Node:
        next: Handle[Node]
        side: Side
        price: Ticks = Ticks(5)

    @struct
    class Everything:
        flag: bool
        wide: i128
        small: u8
        half: u16
        node: Node
        name: bytes32
        low: i8
        nodes: Array[Node, N]
        real: f64 = 1.5

    @struct
    class Pair(Generic[T]):
        small: u8
        first: T
        second: T

        def swap(self) -> None:
            first = self.first
            self.first = self.second
            self.second = first

        def widths(self) -> u32:
            return size_of(T) * 100 + size_of(Pair[T])

    from corten.lang import size_of
"""


@pytest.fixture
def types(load):
    return load(SOURCE)


def offsets(kind):
    layout = layout_of(kind)
    return {field.name: field.offset for field in layout.fields}, layout.size, layout.alignment


def test_layout_follows_c_rules(types):
    assert offsets(types.Node) == ({"next": 0, "side": 4, "price": 8}, 16, 8)
    expected = {
        "flag": 0, "wide": 8, "small": 24, "half": 26, "node": 32, "name": 48, "low": 80, "nodes": 88, "real": 136,
    }  # fmt: skip
    assert offsets(types.Everything) == (expected, 144, 8)
    assert offsets(types.Pair[u16])[1:] == (6, 2)
    assert int(size_of(types.Pair[types.Node])) == 40


def test_constructor_gives_zeros_and_defaults(types):
    value = types.Everything(flag=True, wide=-3)
    assert value.flag is True
    assert int(value.wide) == -3
    assert int(value.half) == 0
    assert value.real == 1.5
    assert types.Node().price == 5
    assert types.Node(side=types.Side.SELL).side is types.Side.SELL


def test_constructor_refuses_what_is_no_field(types):
    for wrong in (
        lambda: types.Node(colour=1),
        lambda: types.Node(types.Node().next, types.Side.BUY, 1, 2),
        lambda: types.Node(price=u8(1)),
        lambda: types.Node(side=1),
        lambda: types.Pair(1, 2, 3),
    ):
        with pytest.raises(LanguageError):
            wrong()


def test_fields_check_what_is_stored(types):
    value = types.Everything()
    with pytest.raises(LanguageError):
        value.half = u8(1)
    with pytest.raises(LanguageError):
        value.half = 70_000
    with pytest.raises(AttributeError):
        value.fields_are_declared = 1


def test_storing_copies_and_reading_refers(types):
    value, node = types.Everything(), types.Node(price=7)
    value.node = node
    node.price = 8
    assert value.node.price == 7
    inner = value.node
    inner.price += 2
    assert value.node.price == 9
    value.nodes[1] = value.node
    value.nodes[1].price += 1
    assert (value.node.price, value.nodes[1].price) == (9, 10)


def test_array_index(types):
    nodes = types.Everything().nodes
    assert len(nodes) == 3
    assert nodes[u16(2)].price == 0
    for wrong in (-1, 3, u64(1 << 40)):
        with pytest.raises(Trapped) as caught:
            nodes[wrong]
        assert caught.value.code is TrapCode.INDEX_OUT_OF_RANGE
    with pytest.raises(LanguageError):
        nodes[True]


def test_struct_equality_is_refused(types):
    with pytest.raises(LanguageError, match="compare its fields"):
        types.Node() == types.Node()  # noqa: B015


def test_specialised_structs(types):
    assert types.Pair[u32] is types.Pair[u32]
    pair = types.Pair[types.Node](first=types.Node(price=1), second=types.Node(price=2))
    pair.swap()
    assert int(types.Pair[u16]().widths()) == 206
    with pytest.raises(LanguageError, match="takes 1 types"):
        types.Pair[u8, u8]


def test_local_bound_to_a_field_is_a_reference(types):
    """As in Python: `first` in swap() is the place, so the second store reads what the first one wrote."""
    pair = types.Pair[types.Node](first=types.Node(price=1), second=types.Node(price=2))
    pair.swap()
    assert (pair.first.price, pair.second.price) == (2, 2)


def test_bytes_in_memory(types, running):
    address = allocate(size_of(types.Node))
    store(types.Node, address, types.Node(types.Node().next, types.Side.SELL, 258))
    assert running.memory.read(HEAP, 16) == bytes([0, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0])
    place, value = ref(types.Node, address), load_value(types.Node, address)
    place.price = 4
    assert (ref(types.Node, address).price, value.price) == (4, 258)
    assert address_of(place) == address


def test_address_of_a_value_is_refused(types, running):
    with pytest.raises(LanguageError, match="value of its own"):
        address_of(types.Node())


def test_allocation(running):
    assert [int(allocate(size)) for size in (1, 16, 17, 0, 4)] == [HEAP + at for at in (0, 16, 32, 64, 64)]
    with pytest.raises(Trapped) as caught:
        allocate(running.memory.limit)
    assert caught.value.code is TrapCode.HEAP_EXHAUSTED


def test_raw_memory(running):
    address = allocate(64)
    fill_memory(address, 7, 8)
    copy_memory(address + 4, address, 8)
    assert running.memory.read(int(address), 16) == bytes([7] * 12 + [0] * 4)
    limit = u32(running.memory.limit)
    for wrong in (
        lambda: store(u64, limit - 7, u64(1)),
        lambda: load_value(u64, limit - 7),
        lambda: fill_memory(limit - 1, 0, 2),
        lambda: copy_memory(address, limit - 1, 2),
        lambda: copy_memory(limit - 1, address, 2),
    ):
        with pytest.raises(Trapped) as caught:
            wrong()
        assert caught.value.code is TrapCode.MEMORY_OUT_OF_BOUNDS
    store(u64, limit - 8, 5)
    assert load_value(u64, limit - 8) == 5


def test_check_index():
    check_index(u8(3), u32(4))
    for wrong in (-1, 4):
        with pytest.raises(Trapped):
            check_index(wrong, u32(4))


def test_hash_and_equality_of_structs(types):
    one = types.Node(side=types.Side.SELL, price=-1)
    assert int(hash_of(one)) == mix(mix(mix(0) ^ 1) ^ (2**64 - 1))
    assert equal_keys(one, types.Node(side=types.Side.SELL, price=-1))
    assert not equal_keys(one, types.Node(price=-1))
    assert equal_keys(u8(3), u8(3))


def test_enum_must_have_a_zero(load):
    module = load("""
        from corten.lang import Enum, struct
        class Side(Enum):
            BUY = 1
        @struct
        class Order:
            side: Side
        """)
    with pytest.raises(LanguageError, match="state starts as 0"):
        module.Order()
