"""Native modules written by hand, as a compiler would emit them: what the machine is tested with."""

from __future__ import annotations

import functools
import json
from typing import Any

import wasmtime


def _leb(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _custom(name: str, document: Any) -> bytes:
    content = json.dumps(document).encode()
    body = _leb(len(name)) + name.encode() + content
    return b"\0" + _leb(len(body)) + body


def with_sections(wat: str, abi: dict[str, Any], lines: dict[str, Any]) -> bytes:
    """The module of `wat` with its custom sections."""
    return bytes(wasmtime.wat2wasm(wat)) + _custom("corten.abi", abi) + _custom("corten.lines", lines)


_SIZES = {"bool": 1, "u8": 1, "Side": 1, "u32": 4, "i64": 8, "u64": 8, "f64": 8, "i128": 16, "bytes32": 32, "Pair": 16}
_SIZES["Array[i64, 3]"] = 24


def _fields(**types: str) -> tuple[list[dict[str, Any]], int]:
    """Fields by the layout rules, and the record's size."""
    fields, offset = [], 0
    for name, spelling in types.items():
        size = _SIZES[spelling]
        alignment = min(size, 8)
        offset = -(-offset // alignment) * alignment
        fields.append({"name": name, "type": spelling, "offset": offset})
        offset += size
    return fields, -(-offset // 8) * 8


def _entry(name: str, kind: str, returns: str | None = None, **parameters: str) -> dict[str, Any]:
    fields, size = _fields(**parameters)
    result_size = 0 if returns is None else -(-_SIZES[returns] // 8) * 8
    return {
        "name": name,
        "kind": kind,
        "parameters": fields,
        "size": size,
        "returns": returns,
        "result_size": result_size,
    }


def _event(name: str, **types: str) -> dict[str, Any]:
    fields, size = _fields(**types)
    return {"name": name, "fields": fields, "size": size}


_EVERY = {
    "flag": "bool",
    "side": "Side",
    "small": "u32",
    "real": "f64",
    "wide": "i128",
    "key": "bytes32",
    "pair": "Pair",
    "prices": "Array[i64, 3]",
}
_EVERY_WASM = "i32 i32 i32 f64 i64 i64 i64 i64 i64 i64 i32 i64 i64 i64 i64"

TOKEN_ABI: dict[str, Any] = {
    "version": 1,
    "name": "Token",
    "types": {
        "Side": {"kind": "enum", "base": "u8", "members": {"BUY": 0, "SELL": 1}},
        "Pair": {"kind": "struct", "size": 16, "fields": _fields(count="u32", amount="i64")[0]},
    },
    "entries": [
        _entry("start", "init", supply="i64"),
        _entry("transfer", "message", to="u32", amount="i64"),
        _entry("balance", "view", "i64", account="u32"),
        _entry("write", "message", address="u32", value="i64"),
        _entry("spin", "message"),
        _entry("fail", "message", code="u32"),
        _entry("emit_many", "message", count="u32"),
        _entry("every", "message", "Pair", **_EVERY),
        _entry("header", "view", "Array[i64, 3]"),
        _entry("count_calls", "message", "u32"),
        _entry("writing_view", "view", "i64", address="u32", value="i64"),
        _entry("recurse", "message", "u32", depth="u32"),
        _entry("submit", "message", "u32"),
        _entry("failing_view", "view", "i64", code="u32"),
    ],
    "events": [
        _event("Transfer", sender="u32", to="u32", amount="i64"),
        _event("Every", **_EVERY),
        _event("Tick"),
    ],
    "errors": ["amount_not_positive", "balance_too_low"],
    "state": {"address": 65536, "size": 64, "fields": []},
}

TOKEN_LINES: dict[str, Any] = {
    "files": ["token.py"],
    "sites": [[0, "", 0], [0, "Token.transfer", 14], [0, "Token.transfer", 15], [0, "Token.fail", 30]],
}


def _gets(first: int, count: int) -> str:
    return " ".join(f"(local.get {index})" for index in range(first, first + count))


# Balances: i64 at 131072 + 8 · account. Site s of error e: e | s << 12.
TOKEN_WAT = f"""(module
  (import "corten" "trap" (func $trap (param i32)))
  (import "corten" "sender" (func $sender (result i32)))
  (import "corten" "time" (func $time (result i64)))
  (import "corten" "height" (func $height (result i64)))
  (import "corten" "chain" (func $chain (result i64)))
  (import "corten" "emit.Transfer" (func $transferred (param i32 i32 i64)))
  (import "corten" "emit.Every" (func $emit_every (param {_EVERY_WASM})))
  (import "corten" "emit.Tick" (func $tick))
  (import "corten" "result.balance" (func $balance_is (param i64)))
  (import "corten" "result.every" (func $every_is (param i32 i64)))
  (import "corten" "result.header" (func $header_is (param i64 i64 i64)))
  (import "corten" "result.count_calls" (func $calls_are (param i32)))
  (import "corten" "result.writing_view" (func $written (param i64)))
  (import "corten" "result.recurse" (func $recursed (param i32)))
  (import "corten" "result.submit" (func $submitted (param i32)))
  (memory (export "memory") 4)
  (data (i32.const 200000) "initial data")
  (global $calls (mut i32) (i32.const 0))
  (func $at (param i32) (result i32)
    (i32.add (i32.const 131072) (i32.shl (local.get 0) (i32.const 3))))
  (func (export "entry.start") (param i64) (result i32)
    (if (i64.lt_s (local.get 0) (i64.const 0)) (then (return (i32.const {1 | 1 << 12}))))
    (i64.store (call $at (call $sender)) (local.get 0))
    (i32.const 0))
  (func (export "entry.transfer") (param $to i32) (param $amount i64) (result i32) (local $from i32)
    (if (i64.le_s (local.get $amount) (i64.const 0)) (then (return (i32.const {1 | 1 << 12}))))
    (local.set $from (call $at (call $sender)))
    (i64.store (local.get $from) (i64.sub (i64.load (local.get $from)) (local.get $amount)))
    (if (i64.lt_s (i64.load (local.get $from)) (i64.const 0)) (then (return (i32.const {2 | 2 << 12}))))
    (i64.store (call $at (local.get $to)) (i64.add (i64.load (call $at (local.get $to))) (local.get $amount)))
    (call $transferred (call $sender) (local.get $to) (local.get $amount))
    (i32.const 0))
  (func (export "entry.balance") (param i32) (result i32)
    (call $balance_is (i64.load (call $at (local.get 0))))
    (i32.const 0))
  (func (export "entry.write") (param i32 i64) (result i32)
    (i64.store (local.get 0) (local.get 1))
    (i32.const 0))
  (func (export "entry.spin") (result i32)
    (loop $forever (br $forever))
    (i32.const 0))
  (func (export "entry.fail") (param i32) (result i32)
    (i64.store (i32.const 131072) (i64.const -1))
    (global.set $calls (i32.const 1000))
    (call $tick)
    (if (i32.eqz (local.get 0)) (then (drop (i32.div_u (i32.const 1) (local.get 0)))))
    (if (i32.eq (local.get 0) (i32.const 2)) (then (drop (i64.load (i32.const -8)))))
    (call $trap (i32.or (local.get 0) (i32.const {3 << 12})))
    unreachable)
  (func (export "entry.emit_many") (param i32) (result i32)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get 0)))
      (call $transferred (call $sender) (local.get 0) (i64.const 7))
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br $next)))
    (i32.const 0))
  (func (export "entry.every") (param {_EVERY_WASM}) (result i32)
    (call $emit_every {_gets(0, 15)})
    (call $every_is {_gets(10, 2)})
    (i32.const 0))
  (func (export "entry.header") (result i32)
    (call $header_is (call $time) (call $height) (call $chain))
    (i32.const 0))
  (func (export "entry.count_calls") (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (call $calls_are (global.get $calls))
    (i32.const 0))
  (func (export "entry.writing_view") (param i32 i64) (result i32)
    (i64.store (local.get 0) (local.get 1))
    (global.set $calls (i32.const 99))
    (call $tick)
    (call $written (i64.load (local.get 0)))
    (i32.const 0))
  (func $down (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 0))
      (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))))
  (func (export "entry.recurse") (param i32) (result i32)
    (call $recursed (call $down (local.get 0)))
    (i32.const 0))
  (func (export "entry.submit") (result i32) (call $submitted (i32.const 42)) (i32.const 0))
  (func (export "entry.failing_view") (param i32) (result i32)
    (if (result i32) (i32.gt_u (local.get 0) (i32.const 2))
      (then (call $trap (i32.or (local.get 0) (i32.const {3 << 12}))) unreachable)
      (else (i32.or (local.get 0) (i32.const {2 << 12}))))))
"""


@functools.cache
def token() -> bytes:
    """A token with entries that write, emit, fail and recurse on request."""
    return with_sections(TOKEN_WAT, TOKEN_ABI, TOKEN_LINES)
