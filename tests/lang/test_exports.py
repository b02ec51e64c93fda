"""corten.lang exports what docs/spec/language.md names, for type checkers and at run time, and is cheap to import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from corten import lang

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(lang.__file__).parent
SPECIFIED = """
    u8 u16 u32 u64 i8 i16 i32 i64 i128 f64 bytes32 Enum Unit Array Vec Map Pool Bitmap PriorityQueue Handle Ref At
    struct event interface contract Contract message view init inline no_inline kernel require TrapCode copy
    wrapping_add wrapping_sub wrapping_mul wrapping_shl wrapping_cast saturating_cast mul_div_floor mul_div_ceil
    leading_zeros trailing_zeros population_count
    sqrt floor ceil trunc nearest copysign is_nan f64_bits f64_from_bits
    allocate ref load store address_of size_of hash_of equal_keys copy_memory fill_memory memory_limit trap check_index
    bytes_at sha256 keccak256 blake2b blake3 ed25519_verify secp256k1_verify secp256k1_recover debug
""".split()


def stub_names():
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text())
    names = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.ImportFrom(module=module) if module.startswith("corten"):
                names.update(alias.asname for alias in node.names)
    return names


def test_run_time_and_stub_export_what_is_specified():
    assert sorted(lang.__all__) == sorted(SPECIFIED) == sorted(stub_names())
    assert all(getattr(lang, name) is not None for name in SPECIFIED)


def test_everything_specified_is_in_the_specification():
    text = (ROOT / "docs/spec/language.md").read_text()
    assert [name for name in SPECIFIED if name not in text] == []


def test_unknown_names():
    with pytest.raises(AttributeError, match="has no 'Foo'"):
        lang.Foo  # noqa: B018


def test_importing_is_cheap():
    """`import corten.lang` loads none of its modules; each comes at first use."""
    code = "import sys, corten.lang; print([name for name in sys.modules if name.startswith('corten.lang.')])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == "[]"
