"""Containers against dict, list, set and heapq; elements stay where they are; a rollback restores every byte."""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from corten.base.errors import TrapCode, Trapped
from corten.lang import Bitmap, Handle, Map, Pool, PriorityQueue, Vec, address_of, bytes32, i64, i128, u8, u16, u32, u64
from corten.lang.layout import layout_of
from corten.lang.loader import load_module
from corten.lang.memory import EXECUTION, Execution
from tests.lang.conftest import HEAP, fresh_memory

STATE = 0x10040

ITEM = """
from corten.lang import i64, struct, u8

@struct
class Item:
    tag: u8
    value: i64
"""


@pytest.fixture(scope="module", autouse=True)
def item_type(tmp_path_factory):
    path = tmp_path_factory.mktemp("items") / "item.py"
    path.write_text(ITEM)
    ContainerMachine.item = load_module(path).Item


def trap_of(function):
    with pytest.raises(Trapped) as caught:
        function()
    return caught.value.code


class ContainerMachine(RuleBasedStateMachine):
    """A container in a state of its own, and a model of it."""

    item = None

    def place(self, kind):
        """The container at the state's address, in a message in progress."""
        self.memory = fresh_memory()
        self.token = EXECUTION.set(Execution(self.memory))
        layout = layout_of(kind)
        self.end = STATE + layout.size
        return layout.read(self.memory, STATE)

    def teardown(self):
        EXECUTION.reset(self.token)

    @invariant()
    def stays_in_its_memory(self):
        if hasattr(self, "memory"):
            assert not any(self.memory.data[:0x10000]), "below the state"
            assert not any(self.memory.data[self.end : HEAP]), "between the state and the heap"
            top = int.from_bytes(self.memory.read(0x10000, 4), "little")
            assert not any(self.memory.data[top:]), "above the heap"

    def undone(self, *changes):
        """Applies changes and rolls them back."""
        before = bytes(self.memory.data)
        self.memory.begin()
        for change in changes:
            change()
        self.memory.rollback()
        assert bytes(self.memory.data).rstrip(b"\0") == before.rstrip(b"\0")


keys = st.integers(0, 40) | st.sampled_from([2**16, 2**32, 2**32 + 1, 2**63, 2**64 - 1])
numbers = st.integers(-(2**63), 2**63 - 1)


class MapMachine(ContainerMachine):
    @initialize()
    def start(self):
        self.map = self.place(Map[u64, self.item])
        self.model = {}
        self.addresses = {}

    @rule(key=keys, value=numbers)
    def set(self, key, value):
        self.map[u64(key)] = self.item(tag=1, value=value)
        self.model[key] = (1, value)
        self.addresses.setdefault(key, int(address_of(self.map[u64(key)])))

    @rule(first=st.integers(0, 1000), count=st.integers(1, 40))
    def set_many(self, first, count):
        for key in range(first, first + count):
            self.set(key, key)

    @rule(key=keys)
    def get_or_create(self, key):
        item = self.map[u64(key)]
        assert (int(item.tag), int(item.value)) == self.model.setdefault(key, (0, 0))
        self.addresses.setdefault(key, int(address_of(item)))

    @rule(key=keys)
    def delete(self, key):
        if key in self.model:
            del self.map[u64(key)]
            del self.model[key], self.addresses[key]
        else:
            assert trap_of(lambda: self.map.__delitem__(u64(key))) is TrapCode.KEY_MISSING

    @rule(count=st.integers(1, 30))
    def delete_many(self, count):
        for key in list(self.model)[:count]:
            self.delete(key)

    @rule(key=keys)
    def find(self, key):
        slot = self.map.find(u64(key))
        assert (int(slot) != 0) is (key in self.model) is (u64(key) in self.map)
        if key in self.model:
            assert int(self.map.at(slot).value) == self.model[key][1]

    @rule(key=keys, value=numbers)
    def get_default(self, key, value):
        found = self.map.get(u64(key), self.item(tag=9, value=value))
        assert (int(found.tag), int(found.value)) == self.model.get(key, (9, value))

    @rule(key=keys)
    def rollback(self, key):
        other = [u64(one) for one in self.model if one != key][:2]
        self.undone(
            lambda: self.map.__setitem__(u64(key), self.item(tag=3, value=4)),
            *[lambda one=one: self.map.__delitem__(one) for one in other],
            lambda: self.map[u64(12345)],
        )

    @invariant()
    def length(self):
        if hasattr(self, "map"):
            assert len(self.map) == len(self.model)

    @invariant()
    def nothing_moved(self):
        for key, address in list(getattr(self, "addresses", {}).items())[:10]:
            item = self.map[u64(key)]
            assert int(address_of(item)) == address
            assert (int(item.tag), int(item.value)) == self.model[key]


class VecMachine(ContainerMachine):
    @initialize()
    def start(self):
        self.vec = self.place(Vec[self.item])
        self.model = []
        self.addresses = []

    @rule(value=numbers, count=st.integers(1, 20))
    def append(self, value, count):
        for _ in range(count):
            self.vec.append(self.item(tag=1, value=value))
            self.model.append(value)
            if len(self.addresses) < len(self.model):
                self.addresses.append(int(address_of(self.vec[len(self.model) - 1])))

    @rule()
    def pop(self):
        if self.model:
            assert int(self.vec.pop().value) == self.model.pop()
        else:
            assert trap_of(self.vec.pop) is TrapCode.INDEX_OUT_OF_RANGE

    @rule(index=st.integers(0, 100), value=numbers)
    def store(self, index, value):
        if index < len(self.model):
            self.vec[index] = self.item(tag=2, value=value)
            self.model[index] = value
        else:
            assert trap_of(lambda: self.vec[index]) is TrapCode.INDEX_OUT_OF_RANGE
            assert trap_of(lambda: self.vec.__setitem__(index, self.item())) is TrapCode.INDEX_OUT_OF_RANGE

    @rule()
    def clear(self):
        self.vec.clear()
        self.model.clear()

    @rule(value=numbers)
    def rollback(self, value):
        item = self.item(tag=1, value=value)
        self.undone(*[lambda: self.vec.append(item)] * 9, self.vec.pop, self.vec.clear)

    @invariant()
    def same(self):
        if hasattr(self, "vec"):
            assert len(self.vec) == len(self.model)
            assert [int(self.vec[index].value) for index in range(len(self.model))] == self.model
            assert [int(address_of(self.vec[i])) for i in range(len(self.model))] == self.addresses[: len(self.model)]


class PoolMachine(ContainerMachine):
    @initialize()
    def start(self):
        self.pool = self.place(Pool[self.item])
        self.model = {}
        self.addresses = {}

    def handle(self, slot):
        return Handle[self.item](slot)

    @rule(value=numbers, count=st.integers(1, 12))
    def insert(self, value, count):
        for _ in range(count):
            handle = self.pool.insert(self.item(tag=1, value=value))
            assert int(handle) not in self.model
            assert int(handle) > 0
            self.model[int(handle)] = value
            self.addresses[int(handle)] = int(address_of(self.pool[handle]))

    @rule(slot=st.integers(0, 60))
    def remove(self, slot):
        if slot in self.model:
            self.pool.remove(self.handle(slot))
            del self.model[slot]
        else:
            assert trap_of(lambda: self.pool.remove(self.handle(slot))) is TrapCode.STALE_HANDLE

    @rule(slot=st.integers(0, 60) | st.integers(2**31, 2**32 - 1), value=numbers)
    def change(self, slot, value):
        assert (self.handle(slot) in self.pool) is (slot in self.model)
        if slot in self.model:
            self.pool[self.handle(slot)].value = i64(value)
            self.model[slot] = value
        else:
            assert trap_of(lambda: self.pool[self.handle(slot)]) is TrapCode.STALE_HANDLE
            assert trap_of(lambda: self.pool.__setitem__(self.handle(slot), self.item())) is TrapCode.STALE_HANDLE

    @rule(value=numbers)
    def rollback(self, value):
        item = self.item(tag=5, value=value)
        present = [self.handle(slot) for slot in list(self.model)[:3]]
        self.undone(
            lambda: self.pool.insert(item),
            *[lambda one=one: self.pool.remove(one) for one in present],
            lambda: self.pool.insert(item),
        )

    @invariant()
    def same(self):
        if hasattr(self, "pool"):
            assert len(self.pool) == len(self.model)
            for slot, value in self.model.items():
                assert int(self.pool[self.handle(slot)].value) == value
                assert int(address_of(self.pool[self.handle(slot)])) == self.addresses[slot]


members = (
    st.integers(0, 200)
    | st.integers(4000, 4200)
    | st.sampled_from([0, 63, 64, 4095, 4096, 2**18, 2**24 - 1, 2**24, 2**24 + 4096, 5 * 2**24, 10**8])
)


class BitmapMachine(ContainerMachine):
    @initialize()
    def start(self):
        self.bitmap = self.place(Bitmap)
        self.model = []

    @rule(member=members)
    def add(self, member):
        self.bitmap.add(member)
        if member not in self.model:
            self.model.insert(bisect_left(self.model, member), member)

    @rule(member=members)
    def remove(self, member):
        self.bitmap.remove(member)
        if member in self.model:
            self.model.remove(member)

    @precondition(lambda self: getattr(self, "model", None))
    @rule(data=st.data())
    def remove_a_member(self, data):
        self.remove(data.draw(st.sampled_from(self.model)))

    @rule(member=members | st.just(2**32 - 1))
    def ask(self, member):
        above, below = bisect_left(self.model, member), bisect_right(self.model, member)
        assert (u32(member) in self.bitmap) is (member in self.model)
        assert self.bitmap.next_at_or_above(member) == (self.model[above] if above < len(self.model) else -1)
        assert self.bitmap.next_at_or_below(member) == (self.model[below - 1] if below else -1)

    @rule(member=members)
    def rollback(self, member):
        present = self.model[:2]
        self.undone(
            lambda: self.bitmap.add(member),
            *[lambda one=one: self.bitmap.remove(one) for one in present],
        )

    @invariant()
    def ends(self):
        if hasattr(self, "bitmap"):
            assert len(self.bitmap) == len(self.model)
            assert self.bitmap.first() == (self.model[0] if self.model else -1)
            assert self.bitmap.last() == (self.model[-1] if self.model else -1)


class QueueMachine(ContainerMachine):
    @initialize()
    def start(self):
        self.queue = self.place(PriorityQueue[self.item])
        self.model = []
        self.pushed = 0

    @rule(key=st.integers(-3, 3) | numbers)
    def push(self, key):
        self.queue.push(key, self.item(tag=1, value=self.pushed))
        heapq.heappush(self.model, (key, self.pushed))
        self.pushed += 1

    @rule(equal=st.lists(st.integers(0, 2), min_size=3, max_size=12), pops=st.integers(0, 12))
    def push_equals(self, equal, pops):
        for key in equal:
            self.push(key)
        for _ in range(min(pops, len(self.model))):
            self.pop()

    @rule()
    def pop(self):
        if self.model:
            assert int(self.queue.pop().value) == heapq.heappop(self.model)[1]
        else:
            for wrong in (self.queue.pop, self.queue.peek, self.queue.peek_key):
                assert trap_of(wrong) is TrapCode.INDEX_OUT_OF_RANGE

    @rule(key=numbers)
    def rollback(self, key):
        item = self.item(tag=1, value=1)
        self.undone(lambda: self.queue.push(key, item), self.queue.pop, lambda: self.queue.push(-key - 1, item))

    @invariant()
    def front(self):
        if hasattr(self, "queue"):
            assert len(self.queue) == len(self.model)
            if self.model:
                assert (int(self.queue.peek_key()), int(self.queue.peek().value)) == self.model[0]


TestMap, TestVec, TestPool = MapMachine.TestCase, VecMachine.TestCase, PoolMachine.TestCase
TestBitmap, TestQueue = BitmapMachine.TestCase, QueueMachine.TestCase
for case in (TestMap, TestVec, TestPool, TestBitmap, TestQueue):
    case.settings = settings(max_examples=12, stateful_step_count=25)


def in_state(kind, memory):
    return layout_of(kind).read(memory, STATE)


@pytest.mark.parametrize(
    ("key", "value", "pairs"),
    [
        (u8, i128, [(0, -1), (255, 2**100)]),
        (u16, bool, [(7, True), (8, False)]),
        (i64, u8, [(-1, 1), (2**62, 2)]),
    ],
)
def test_map_of_scalars(running, key, value, pairs):
    table = in_state(Map[key, value], running.memory)
    for one, other in pairs:
        table[key(one)] = other if value is bool else value(other)
    assert [table[key(one)] == other for one, other in pairs] == [True] * len(pairs)


def test_map_of_bytes32(running):
    table = in_state(Map[bytes32, u32], running.memory)
    for word in range(50):
        table[bytes32(word, 0, 0, word)] = u32(word)
    assert [int(table[bytes32(word, 0, 0, word)]) for word in range(50)] == list(range(50))
    assert bytes32(1, 0, 0, 2) not in table


def test_deleted_entry_comes_back_as_zero(running):
    table = in_state(Map[u32, i64], running.memory)
    table[1] = 5
    del table[1]
    assert int(table[2]) == 0
    table[2] += 3
    assert int(table.get(2, 0)) == 3


def test_an_insertion_into_a_large_map_writes_little(running):
    """No operation pays for the container's size: the undo log of one insertion stays small at every size."""
    table = in_state(Map[u32, i64], running.memory)
    most = 0
    for key in range(600):
        running.memory.begin()
        table[u32(key)] = i64(key)
        most = max(most, sum(len(raw) for _, raw in running.memory.log))
        running.memory.commit()
    assert most < 250


def test_a_sparse_bitmap_takes_little_memory(running):
    bitmap = in_state(Bitmap, running.memory)
    for member in (0, 2**20, 2**32 - 1):
        bitmap.add(member)
    used = int.from_bytes(running.memory.read(0x10000, 4), "little") - 0x20000
    assert used < 5 << 20
    assert (bitmap.first(), bitmap.last()) == (0, 2**32 - 1)
