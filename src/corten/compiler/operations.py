"""Lowers arithmetic, conversions and intrinsics of the IR to LLVM: where checked semantics are spelled out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corten.base.errors import CompilerBug, TrapCode
from corten.compiler import ir
from corten.compiler.bounds import is_never_nan
from corten.compiler.llvmtypes import CANONICAL_NAN, OPAQUE, constant_text, llvm_type
from corten.compiler.types import BOOL, F64, EnumType, IntType, Type

if TYPE_CHECKING:
    from corten.compiler.lower import FunctionEmitter

HEAP_TOP = "inttoptr (i32 65536 to ptr)"
_PLAIN = {"wrapping_add": "add", "wrapping_sub": "sub", "wrapping_mul": "mul", "and": "and", "or": "or", "xor": "xor"}
_SIGNED_COMPARE = {"==": "eq", "!=": "ne", "<": "slt", "<=": "sle", ">": "sgt", ">=": "sge"}
_UNSIGNED_COMPARE = {"==": "eq", "!=": "ne", "<": "ult", "<=": "ule", ">": "ugt", ">=": "uge"}
_FLOAT_COMPARE = {"==": "oeq", "!=": "une", "<": "olt", "<=": "ole", ">": "ogt", ">=": "oge"}
_FLOAT_UNARY = {
    "sqrt": "sqrt",
    "floor": "floor",
    "ceil": "ceil",
    "trunc": "trunc",
    "nearest": "roundeven",
    "fabs": "fabs",
}


class Operations:
    """Operations on scalars, on behalf of a function emitter."""

    def __init__(self, emitter: FunctionEmitter) -> None:
        self.out = emitter

    def resize(self, value: str, bits: int, target: int, signed: bool) -> str:
        """Change an integer's width, keeping the low bits."""
        if bits == target:
            return value
        how = "trunc" if bits > target else "sext" if signed else "zext"
        return self.out.op(f"{how} i{bits} {value} to i{target}")

    # ---- binary ------------------------------------------------------------------------------------------------------

    def binary(self, node: ir.Binary) -> str:
        """Arithmetic; traps as docs/spec/language.md says."""
        left, right = self.out.expression(node.left), self.out.expression(node.right)
        name = node.operator
        if name in ("fadd", "fsub", "fmul", "fdiv"):
            return self.out.op(f"{name} double {left}, {right}")
        kind = node.type
        assert isinstance(kind, IntType)
        if name in _PLAIN:
            return self.out.op(f"{_PLAIN[name]} i{kind.bits} {left}, {right}")
        if name in ("add", "sub"):
            return self._checked(f"{'s' if kind.signed else 'u'}{name}", kind, left, right, node.line)
        if name == "mul":
            return self._mul(kind, left, right, node.line)
        if name in ("floordiv", "mod"):
            return self._divide(node, kind, left, right)
        count = node.right.type
        assert isinstance(count, IntType)
        is_known = isinstance(node.right, ir.Constant) and 0 <= node.right.value < kind.bits
        return self._shift(name, kind, left, None if is_known else count, right, node.line, count.bits)

    def _checked(self, name: str, kind: IntType, left: str, right: str, line: int) -> str:
        bits = kind.bits
        if self.out.defers:
            return self._checked_apart(name, kind, left, right, line)
        pair = self.out.op(
            f"call {{ i{bits}, i1 }} @llvm.{name}.with.overflow.i{bits}(i{bits} {left}, i{bits} {right})"
        )
        return self._unpack(pair, f"i{bits}", line)

    def _checked_apart(self, name: str, kind: IntType, left: str, right: str, line: int) -> str:
        """The same without a pair, which LLVM does not vectorize."""
        out, bits, is_add = self.out, f"i{kind.bits}", name.endswith("add")
        value = out.op(f"{'add' if is_add else 'sub'} {bits} {left}, {right}")
        if not kind.signed:
            bad = out.op(f"icmp ult {bits} {value if is_add else left}, {left if is_add else right}")
        else:
            one = out.op(f"xor {bits} {left}, {value}")
            other = out.op(f"xor {bits} {right if is_add else left}, {value if is_add else right}")
            bad = out.op(f"icmp slt {bits} {out.op(f'and {bits} {one}, {other}')}, 0")
        out.trap_if(bad, TrapCode.INTEGER_OVERFLOW, line)
        return value

    def _product_apart(self, kind: IntType, left: str, right: str, line: int) -> str:
        """A product of 64 bits; large factors count as a trap, for the exact loop to see whether they are one."""
        out = self.out
        for factor in (left, right):
            moved = out.op(f"add i64 {factor}, {1 << 31}") if kind.signed else factor
            out.trap_if(out.op(f"icmp ne i64 {out.op(f'lshr i64 {moved}, 32')}, 0"), TrapCode.INTEGER_OVERFLOW, line)
        return out.op(f"mul i64 {left}, {right}")

    def _unpack(self, pair: str, kind: str, line: int) -> str:
        """The value of a (value, overflow) pair; traps on overflow."""
        value = self.out.op(f"extractvalue {{ {kind}, i1 }} {pair}, 0")
        bad = self.out.op(f"extractvalue {{ {kind}, i1 }} {pair}, 1")
        self.out.trap_if(bad, TrapCode.INTEGER_OVERFLOW, line)
        return value

    def _mul(self, kind: IntType, left: str, right: str, line: int) -> str:
        if kind.bits == 128:
            pair = self.out.op(f"call {{ i128, i1 }} @corten.smul128(i128 {left}, i128 {right})")
            return self._unpack(pair, "i128", line)
        if kind.bits == 64 and self.out.defers:
            return self._product_apart(kind, left, right, line)
        if kind.bits == 64:
            name = "corten.smul64" if kind.signed else "corten.umul64"
            return self._unpack(self.out.op(f"call {{ i64, i1 }} @{name}(i64 {left}, i64 {right})"), "i64", line)
        a, b = (self.resize(value, kind.bits, 64, kind.signed) for value in (left, right))
        return self._narrow(self.out.op(f"mul i64 {a}, {b}"), 64, kind, line)

    def _narrow(self, value: str, bits: int, kind: IntType, line: int) -> str:
        """A wide integer (signed like `kind`) into `kind`; traps when it does not fit."""
        low = self.resize(value, bits, kind.bits, False)
        back = self.resize(low, kind.bits, bits, kind.signed)
        self.out.trap_if(self.out.op(f"icmp ne i{bits} {back}, {value}"), TrapCode.INTEGER_OVERFLOW, line)
        return low

    def _divide(self, node: ir.Binary, kind: IntType, left: str, right: str) -> str:
        """Floor division and modulo, as Python's."""
        bits, out, line = kind.bits, self.out, node.line
        if not (isinstance(node.right, ir.Constant) and node.right.value != 0):
            is_zero = out.op(f"icmp eq i{bits} {right}, 0")
            out.trap_if(is_zero, TrapCode.DIVISION_BY_ZERO, line)
            right = out.guarded(f"i{bits}", is_zero, right, "1")
        if not kind.signed:
            return out.op(f"{'udiv' if node.operator == 'floordiv' else 'urem'} i{bits} {left}, {right}")
        minus_one = out.op(f"icmp eq i{bits} {right}, -1")
        if node.operator == "floordiv":
            least = out.op(f"icmp eq i{bits} {left}, {kind.minimum}")
            bad = out.op(f"and i1 {least}, {minus_one}")
            out.trap_if(bad, TrapCode.INTEGER_OVERFLOW, line)
            left = out.guarded(f"i{bits}", bad, left, "0")
            return self._floor(bits, left, right)
        # MIN % -1 is 0 but undefined for the machine: x % 1 gives the same for every x
        safe = out.op(f"select i1 {minus_one}, i{bits} 1, i{bits} {right}")
        rest = out.op(f"srem i{bits} {left}, {safe}")
        wrong = self._signs_differ(bits, rest, safe)
        return out.op(f"select i1 {wrong}, i{bits} {out.op(f'add i{bits} {rest}, {safe}')}, i{bits} {rest}")

    def _floor(self, bits: int, left: str, right: str) -> str:
        out = self.out
        quotient = out.op(f"sdiv i{bits} {left}, {right}")
        rest = out.op(f"sub i{bits} {left}, {out.op(f'mul i{bits} {quotient}, {right}')}")
        wrong = self._signs_differ(bits, rest, right)
        return out.op(f"sub i{bits} {quotient}, {out.op(f'zext i1 {wrong} to i{bits}')}")

    def _signs_differ(self, bits: int, rest: str, divisor: str) -> str:
        """Whether a non-zero remainder has the sign opposite to the divisor's."""
        out = self.out
        some = out.op(f"icmp ne i{bits} {rest}, 0")
        differ = out.op(f"icmp slt i{bits} {out.op(f'xor i{bits} {rest}, {divisor}')}, 0")
        return out.op(f"and i1 {some}, {differ}")

    def _shift(
        self, name: str, kind: IntType, left: str, count_kind: IntType | None, count: str, line: int, count_bits: int
    ) -> str:
        """A shift by `count`, which is within bounds if `count_kind` is None."""
        bits, out = kind.bits, self.out
        if count_kind is not None:
            count = self._checked_count(bits, count_kind, count, line)
        amount = self.resize(count, count_bits, bits, False)
        right_shift = "ashr" if kind.signed else "lshr"
        if name == "shr":
            return out.op(f"{right_shift} i{bits} {left}, {amount}")
        shifted = out.op(f"shl i{bits} {left}, {amount}")
        if name == "shl":
            back = out.op(f"{right_shift} i{bits} {shifted}, {amount}")
            out.trap_if(out.op(f"icmp ne i{bits} {back}, {left}"), TrapCode.INTEGER_OVERFLOW, line)
        return shifted

    def _checked_count(self, bits: int, kind: IntType, count: str, line: int) -> str:
        """A count below `bits`; traps otherwise."""
        out = self.out
        if not kind.holds(bits) and not kind.signed:
            return count
        bad = out.op(
            f"icmp {f'uge i{kind.bits} {count}, {bits}' if kind.holds(bits) else f'slt i{kind.bits} {count}, 0'}"
        )
        out.trap_if(bad, TrapCode.SHIFT_OUT_OF_RANGE, line)
        return out.guarded(f"i{kind.bits}", bad, count, "0")

    # ---- comparison --------------------------------------------------------------------------------------------------

    def compare(self, node: ir.Compare) -> str:
        """Comparison of scalars."""
        left, right = self.out.expression(node.left), self.out.expression(node.right)
        kind = node.left.type
        if kind is F64:
            return self.out.op(f"fcmp {_FLOAT_COMPARE[node.operator]} double {left}, {right}")
        signed = isinstance(kind, IntType) and kind.signed
        table = _SIGNED_COMPARE if signed else _UNSIGNED_COMPARE
        return self.out.op(f"icmp {table[node.operator]} {llvm_type(kind)} {left}, {right}")

    # ---- conversion --------------------------------------------------------------------------------------------------

    def convert(self, node: ir.Convert) -> str:
        """Change of type, in one of three modes."""
        value, source, target = self.out.expression(node.operand), node.operand.type, node.type
        if isinstance(target, EnumType):
            return self._to_enum(value, source, target, node.line)
        if target is F64:
            return value if source is F64 else self._int_to_float(value, source)
        assert isinstance(target, IntType)
        if source is F64:
            return self._float_to_int(value, target, node.mode, node.line)
        if source is BOOL:
            return self.out.op(f"zext i1 {value} to i{target.bits}")
        bits = source.bits if isinstance(source, IntType) else 8
        signed = isinstance(source, IntType) and source.signed
        if node.mode == "wrapping":
            return self.resize(value, bits, target.bits, signed)
        low, high = (source.minimum, source.maximum) if isinstance(source, IntType) else (0, 255)
        return self._fit(value, (bits, signed, low, high), target, node)

    def _fit(self, value: str, source: tuple[int, bool, int, int], target: IntType, node: ir.Convert) -> str:
        """Checked or saturating change between integer ranges, compared in the source type."""
        bits, signed, low, high = source
        for outside, bound, less in (
            (low < target.minimum, target.minimum, True),
            (high > target.maximum, target.maximum, False),
        ):
            if outside:
                test = self.out.op(
                    f"icmp {('s' if signed else 'u') + ('lt' if less else 'gt')} i{bits} {value}, {bound}"
                )
                if node.mode == "checked":
                    self.out.trap_if(test, TrapCode.INTEGER_OVERFLOW, node.line)
                else:
                    value = self.out.op(f"select i1 {test}, i{bits} {bound}, i{bits} {value}")
        return self.resize(value, bits, target.bits, signed)

    def _to_enum(self, value: str, source: Type, target: EnumType, line: int) -> str:
        assert isinstance(source, IntType)
        numbers = sorted(target.members.values())
        out, kind = self.out, f"i{source.bits}"
        if numbers == list(range(len(numbers))) and source.holds(len(numbers)):
            bad = out.op(f"icmp uge {kind} {value}, {len(numbers)}")
            out.trap_if(bad, TrapCode.INVALID_CONVERSION, line)
        else:
            known = "false"
            for number in (number for number in numbers if source.holds(number)):
                known = out.op(f"or i1 {known}, {out.op(f'icmp eq {kind} {value}, {number}')}")
            out.trap_unless(known, TrapCode.INVALID_CONVERSION, line)
            bad = out.op(f"xor i1 {known}, true") if out.defers else ""
        value = out.guarded(kind, bad, value, "0")
        return self.resize(value, source.bits, 8, False)

    def _int_to_float(self, value: str, source: Type) -> str:
        assert isinstance(source, IntType)
        if source.bits == 128:
            return self.out.op(f"call double @corten.i128_to_f64(i128 {value})")
        return self.out.op(f"{'si' if source.signed else 'ui'}tofp i{source.bits} {value} to double")

    def _float_to_int(self, value: str, target: IntType, mode: str, line: int) -> str:
        out, name = self.out, "si" if target.signed else "ui"
        if mode == "saturating" and target.bits < 128:
            return out.op(f"call i{target.bits} @llvm.fpto{name}.sat.i{target.bits}.f64(double {value})")
        upper = constant_text(F64, float(target.maximum + 1))
        # the largest double that truncates below the minimum, where that minimum - 1 is a double
        exact = target.bits <= 53 or not target.signed
        bound, how = (target.minimum - 1, "ogt") if exact else (target.minimum, "oge")
        lower = constant_text(F64, float(bound))
        above = out.op(f"fcmp {how} double {value}, {lower}")
        below = out.op(f"fcmp olt double {value}, {upper}")
        fits = out.op(f"and i1 {above}, {below}")
        if mode == "saturating":
            return self._saturate_i128(value, fits, below)
        out.trap_unless(fits, TrapCode.INVALID_CONVERSION, line)
        if out.defers:
            value = out.op(f"select i1 {fits}, double {value}, double 0.0")
        if target.bits == 128:
            return out.op(f"call i128 @corten.f64_to_i128(double {value})")
        return out.op(f"fpto{name} double {value} to i{target.bits}")

    def _saturate_i128(self, value: str, fits: str, below: str) -> str:
        out = self.out
        safe = out.op(f"select i1 {fits}, double {value}, double 0.0")
        inside = out.op(f"call i128 @corten.f64_to_i128(double {safe})")
        ordered = out.op(f"fcmp ord double {value}, 0.0")
        least, most = -(1 << 127), (1 << 127) - 1
        bound = out.op(f"select i1 {below}, i128 {least}, i128 {most}")
        outside = out.op(f"select i1 {ordered}, i128 {bound}, i128 0")
        return out.op(f"select i1 {fits}, i128 {inside}, i128 {outside}")

    # ---- intrinsics --------------------------------------------------------------------------------------------------

    def intrinsic(self, node: ir.Intrinsic) -> str:
        """One of ir.INTRINSICS: `_do_<name>`, a float function, or an import."""
        method = getattr(self, f"_do_{node.name}", None)
        values = [self.out.expression(argument) for argument in node.arguments]
        if method is not None:
            return str(method(node, *values))
        if node.name in _FLOAT_UNARY:
            return self.out.op(f"call double @llvm.{_FLOAT_UNARY[node.name]}.f64(double {values[0]})")
        if node.name in ("sender", "memory_limit"):
            return self.out.op(f'call i32 @"corten.{node.name}"()')
        if node.name == "own_address":
            return self.out.op('call i32 @"corten.address"()')
        if node.name in ("time", "height", "chain"):
            return self.out.op(f'call i64 @"corten.{node.name}"()')
        raise CompilerBug(f"no lowering for intrinsic {node.name}")

    def _do_neg(self, node: ir.Intrinsic, value: str) -> str:
        assert isinstance(node.type, IntType)
        return self._checked("ssub" if node.type.signed else "usub", node.type, "0", value, node.line)

    def _do_invert(self, node: ir.Intrinsic, value: str) -> str:
        return self.out.op(f"xor {llvm_type(node.type)} {value}, -1")

    def _do_abs(self, node: ir.Intrinsic, value: str) -> str:
        assert isinstance(node.type, IntType)
        if not node.type.signed:
            return value
        kind, out = f"i{node.type.bits}", self.out
        out.trap_if(out.op(f"icmp eq {kind} {value}, {node.type.minimum}"), TrapCode.INTEGER_OVERFLOW, node.line)
        negative = out.op(f"icmp slt {kind} {value}, 0")
        return out.op(f"select i1 {negative}, {kind} {out.op(f'sub {kind} 0, {value}')}, {kind} {value}")

    def _do_fneg(self, node: ir.Intrinsic, value: str) -> str:
        return self.out.op(f"fneg double {value}")

    def _do_copysign(self, node: ir.Intrinsic, value: str, sign: str) -> str:
        return self.canonical(self.out.op(f"call double @llvm.copysign.f64(double {value}, double {sign})"))

    def _do_is_nan(self, node: ir.Intrinsic, value: str) -> str:
        return self.out.op(f"fcmp uno double {value}, {value}")

    def _do_f64_bits(self, node: ir.Intrinsic, value: str) -> str:
        if self.out.program.is_kernel:
            # kernels hold no NaN from elsewhere, and instrumentation makes those of arithmetic canonical just here, if
            # LLVM cannot work on the bits of the operator that made them
            return self.out.op(
                f'bitcast double {self.out.op(f"""call double @"corten.{OPAQUE}"(double {value})""")} to i64'
            )
        is_nan = self.out.op(f"fcmp uno double {value}, {value}")
        bits = self.out.op(f"bitcast double {value} to i64")
        return self.out.op(f"select i1 {is_nan}, i64 {CANONICAL_NAN}, i64 {bits}")

    def _do_f64_from_bits(self, node: ir.Intrinsic, value: str) -> str:
        number = self.out.op(f"bitcast i64 {value} to double")
        is_number = self.out.program.is_kernel and is_never_nan(node.arguments[0])
        return number if is_number else self.canonical(number)

    def canonical(self, value: str) -> str:
        """The same double, with the one NaN for any: a product with 1 that LLVM cannot see through.

        LLVM takes the sign of a NaN to mean nothing, and negations of integers' bits to be exclusive ors.
        """
        return self.out.op(f'call double @"corten.canonical"(double {value})')

    def _do_leading_zeros(self, node: ir.Intrinsic, value: str) -> str:
        return self._count(node, f"ctlz.{llvm_type(node.arguments[0].type)}", value, ", i1 false")

    def _do_trailing_zeros(self, node: ir.Intrinsic, value: str) -> str:
        return self._count(node, f"cttz.{llvm_type(node.arguments[0].type)}", value, ", i1 false")

    def _do_population_count(self, node: ir.Intrinsic, value: str) -> str:
        return self._count(node, f"ctpop.{llvm_type(node.arguments[0].type)}", value, "")

    def _count(self, node: ir.Intrinsic, name: str, value: str, flag: str) -> str:
        kind = node.arguments[0].type
        assert isinstance(kind, IntType)
        found = self.out.op(f"call i{kind.bits} @llvm.{name}(i{kind.bits} {value}{flag})")
        return self.resize(found, kind.bits, 32, False)

    def _do_mul_div_floor(self, node: ir.Intrinsic, *values: str) -> str:
        return self._mul_div(node, values, False)

    def _do_mul_div_ceil(self, node: ir.Intrinsic, *values: str) -> str:
        return self._mul_div(node, values, True)

    def _mul_div(self, node: ir.Intrinsic, values: tuple[str, ...], ceil: bool) -> str:
        """a * b / c with a double-width product."""
        kind, out = node.type, self.out
        assert isinstance(kind, IntType)
        out.trap_if(out.op(f"icmp eq i{kind.bits} {values[2]}, 0"), TrapCode.DIVISION_BY_ZERO, node.line)
        if kind.bits == 128:
            operands = ", ".join(f"i128 {value}" for value in values)
            pair = out.op(f"call {{ i128, i1 }} @corten.muldiv128({operands}, i1 {'true' if ceil else 'false'})")
            return self._unpack(pair, "i128", node.line)
        wide = 2 * kind.bits
        a, b, c = (self.resize(value, kind.bits, wide, kind.signed) for value in values)
        product = out.op(f"mul i{wide} {a}, {b}")
        quotient = self._wide_quotient(product, c, wide, kind.signed, ceil)
        return self._narrow(quotient, wide, kind, node.line)

    def _wide_quotient(self, product: str, divisor: str, bits: int, signed: bool, ceil: bool) -> str:
        out = self.out
        how = "sdiv" if signed else "udiv"
        quotient = out.op(f"{how} i{bits} {product}, {divisor}")
        rest = out.op(f"sub i{bits} {product}, {out.op(f'mul i{bits} {quotient}, {divisor}')}")
        some = out.op(f"icmp ne i{bits} {rest}, 0")
        differ = out.op(f"icmp slt i{bits} {out.op(f'xor i{bits} {rest}, {divisor}')}, 0") if signed else "false"
        if ceil:
            same = out.op(f"xor i1 {differ}, true")
            up = out.op(f"zext i1 {out.op(f'and i1 {some}, {same}')} to i{bits}")
            return out.op(f"add i{bits} {quotient}, {up}")
        down = out.op(f"zext i1 {out.op(f'and i1 {some}, {differ}')} to i{bits}")
        return out.op(f"sub i{bits} {quotient}, {down}")

    def _do_bytes32(self, node: ir.Intrinsic, *words: str) -> str:
        out = self.out
        value = out.op(f"zext i64 {words[0]} to i256")
        for index, word in enumerate(words[1:], 1):
            wide = out.op(f"zext i64 {word} to i256")
            value = out.op(f"or i256 {value}, {out.op(f'shl i256 {wide}, {64 * index}')}")
        return value

    def _do_word(self, node: ir.Intrinsic, value: str, index: str) -> str:
        """Word `index`, a constant, of an i128 or bytes32: 64 bits."""
        kind = node.arguments[0].type
        bits = kind.bits if isinstance(kind, IntType) else 256
        shifted = self.out.op(f"lshr i{bits} {value}, {64 * int(index)}")
        return self.out.op(f"trunc i{bits} {shifted} to i64")

    def _do_mix(self, node: ir.Intrinsic, value: str) -> str:
        return self.out.op(f"call i64 @corten.mix(i64 {value})")

    # ---- memory ------------------------------------------------------------------------------------------------------

    def _do_place(self, node: ir.Intrinsic, address: str) -> str:
        return self.out.op(f"inttoptr i32 {address} to ptr")

    def _do_address(self, node: ir.Intrinsic, place: str) -> str:
        return self.out.op(f"ptrtoint ptr {place} to i32")

    def _do_allocate(self, node: ir.Intrinsic, size: str) -> str:
        """Bump allocation of zeroed memory, 16-aligned, up to the deployer's limit."""
        out = self.out
        top = out.op(f"load i32, ptr {HEAP_TOP}, align 4")
        wide = out.op(f"zext i32 {size} to i64")
        rounded = out.op(f"and i64 {out.op(f'add i64 {wide}, 15')}, -16")
        end = out.op(f"add i64 {out.op(f'zext i32 {top} to i64')}, {rounded}")
        granted = out.op('call i32 @"corten.memory_limit"()')
        limit = out.op(f"zext i32 {granted} to i64")
        out.trap_if(out.op(f"icmp ugt i64 {end}, {limit}"), TrapCode.HEAP_EXHAUSTED, node.line)
        out.do(f"store i32 {out.op(f'trunc i64 {end} to i32')}, ptr {HEAP_TOP}, align 4")
        return top

    def _do_copy_memory(self, node: ir.Intrinsic, target: str, source: str, size: str) -> str:
        to, origin = self._do_place(node, target), self._do_place(node, source)
        self.out.do(f"call void @llvm.memmove.p0.p0.i32(ptr {to}, ptr {origin}, i32 {size}, i1 false)")
        return ""

    def _do_fill_memory(self, node: ir.Intrinsic, target: str, byte: str, size: str) -> str:
        to = self._do_place(node, target)
        self.out.do(f"call void @llvm.memset.p0.i32(ptr {to}, i8 {byte}, i32 {size}, i1 false)")
        return ""
