"""Every operation of every container behind a message: for tests that hold two engines to the same bytes."""

from __future__ import annotations

from corten.lang import (
    Bitmap,
    Contract,
    Handle,
    Map,
    Pool,
    PriorityQueue,
    Vec,
    contract,
    i64,
    message,
    struct,
    u8,
    u32,
    u64,
    view,
    wrapping_mul,
)

SPREAD = 0x9E37_79B9_7F4A_7C15


@struct
class Item:
    tag: u8
    value: i64


@contract
class Shelves(Contract):
    numbers: Vec[i64]
    items: Vec[Item]
    table: Map[u64, Item]
    small: Map[u8, bool]
    pool: Pool[Item]
    bitmap: Bitmap
    queue: PriorityQueue[Item]

    @message
    def vec_append(self, value: i64, count: u32) -> u32:
        for _ in range(count):
            self.numbers.append(value)
            self.items.append(Item(u8(len(self.items) & 0xFF), value))
        return len(self.numbers)

    @message
    def vec_pop(self) -> Item:
        item = self.items.pop()
        item.value -= self.numbers.pop()
        return item

    @message
    def vec_set(self, index: u32, value: i64) -> i64:
        self.numbers[index] += value
        self.items[index].value = self.numbers[index]
        self.items[index].tag = u8(7)
        return self.numbers[index]

    @message
    def vec_clear(self) -> None:
        self.numbers.clear()
        self.items.clear()

    @view
    def vec_sum(self) -> i64:
        total = 0
        for number in self.numbers:
            total += number
        for item in self.items:
            total += item.value + i64(item.tag)
        return total

    @message
    def map_set(self, key: u64, value: i64) -> u32:
        self.table[key] = Item(1, value)
        self.small[u8(key & 0xFF)] = value > 0
        return len(self.table)

    @message
    def map_add(self, key: u64, value: i64) -> i64:
        self.table[key].value += value
        return self.table[key].value

    @message
    def map_fill(self, first: u64, count: u64) -> u32:
        for number in range(first, first + count):
            self.table[wrapping_mul(number, SPREAD)].value = i64(number)
        return len(self.table)

    @message
    def map_delete(self, key: u64) -> u32:
        del self.table[key]
        return len(self.table)

    @message
    def map_drain(self, first: u64, count: u64) -> u32:
        for number in range(first, first + count):
            key = wrapping_mul(number, SPREAD)
            if key in self.table:
                del self.table[key]
        return len(self.table)

    @view
    def map_get(self, key: u64) -> Item:
        return self.table.get(key, Item(9, -1))

    @view
    def map_has(self, key: u64) -> bool:
        return key in self.table and (u8(key & 0xFF) in self.small or self.table.at(self.table.find(key)).tag == 0)

    @message
    def pool_insert(self, value: i64, count: u32) -> Handle[Item]:
        last = Handle[Item](0)
        for _ in range(count):
            last = self.pool.insert(Item(2, value))
        return last

    @message
    def pool_remove(self, handle: Handle[Item]) -> u32:
        self.pool.remove(handle)
        return len(self.pool)

    @message
    def pool_set(self, handle: Handle[Item], value: i64) -> bool:
        if handle not in self.pool:
            return False
        self.pool[handle].tag = u8(3)
        self.pool[handle].value += value
        return True

    @view
    def pool_get(self, handle: Handle[Item]) -> Item:
        return self.pool[handle]

    @message
    def bitmap_add(self, member: u32) -> u32:
        self.bitmap.add(member)
        return len(self.bitmap)

    @message
    def bitmap_remove(self, member: u32) -> u32:
        self.bitmap.remove(member)
        return len(self.bitmap)

    @view
    def bitmap_above(self, member: u32) -> i64:
        return self.bitmap.next_at_or_above(member)

    @view
    def bitmap_below(self, member: u32) -> i64:
        return self.bitmap.next_at_or_below(member)

    @view
    def bitmap_width(self) -> i64:
        return self.bitmap.last() - self.bitmap.first()

    @view
    def bitmap_has(self, member: u32) -> bool:
        return member in self.bitmap

    @message
    def queue_push(self, key: i64, value: i64) -> u32:
        self.queue.push(key, Item(4, value))
        return len(self.queue)

    @message
    def queue_pop(self) -> Item:
        return self.queue.pop()

    @message
    def queue_bump(self, value: i64) -> i64:
        self.queue.peek().value += value
        return self.queue.peek_key()
