"""Makes optimized LLVM IR safe for functions with several WebAssembly results.

LLVM's `experimental-mv` calling convention returns (status, value) pairs and 128-bit integers in registers. Its code
generator (22.1) gets some of them wrong: it leaves the first result of a call on the stack inside one operand, and
reads a later result, for an operand before that one, from a local that is written only after the call:

    (high + carry(low))  becomes  local.get high; call; local.set high; local.tee low; …; i64.add

It cannot do so when nothing uses the first result. So every function with several results gets one more in front, a
zero that nobody reads. 128-bit operators, which LLVM would turn into calls of its own with two results, become calls
of the runtime, which is written that way. Should LLVM still make such a call (from integers of odd widths, say), the
module is compiled without `experimental-mv`: right, but slower (`codegen`).
"""

from __future__ import annotations

import itertools
import re

_WIDE = r"(?P<type>\{[^{}]*\}|i128|i256)"
_NAME = r'(?P<name>@"[^"]*"|@[\w.$-]+)'
_DEFINE = re.compile(rf"define (?P<before>.*?){_WIDE} {_NAME}\((?P<after>.*)")
_CALL = re.compile(rf"(?P<assign>  %\S+ = |  )(?P<tail>(?:tail )?call )(?P<before>.*?){_WIDE} {_NAME}\((?P<after>.*)")
_RETURN = re.compile(rf"  ret {_WIDE} (?P<value>.*)")
_OPERATOR = re.compile(
    r"  (?P<result>%\S+) = (?P<operator>mul|udiv|sdiv|urem|srem|shl|lshr|ashr)(?: nuw| nsw| exact)* "
    r"(?P<type>i128|i256) (?P<left>\S+), (?P<right>[^\s,]+)"
)
_SHIFTS = ("shl", "lshr", "ashr")
#: what may stand before a result's type and is not about the result
_KEPT = re.compile(r"internal|private|dso_local|hidden|fastcc|coldcc|ccc")


def separate_results(text: str) -> str:
    """The module, with a first result that nobody reads wherever there are several."""
    lines = text.splitlines()
    wide = {match["name"] for line in lines if (match := _DEFINE.match(line)) and _is_result(match["before"])}
    names = (f"%corten.pad.{number}" for number in itertools.count())
    result: list[str] = []
    inside = False
    for line in lines:
        match = _DEFINE.match(line)
        if line.startswith("define "):
            inside = bool(match and match["name"] in wide)
            result.append(_defined(match) if match and inside else line)
        elif inside and (match := _RETURN.match(line)):
            result += _returned(match, next(names))
        elif (match := _CALL.match(line)) and match["name"] in wide:
            result += _called(match, next(names))
        elif (match := _OPERATOR.match(line)) and _needs_runtime(match):
            result += _operated(match, next(names))
        else:
            result.append(line)
    return "\n".join([*result, *_declarations(result), ""])


def _is_result(before: str) -> bool:
    """Whether the type that was found is the result's and not a parameter's."""
    return "@" not in before


def _padded(kind: str) -> str:
    return f"{{ i32, {kind} }}"


def _kept(before: str) -> str:
    return "".join(word + " " for word in before.split() if _KEPT.fullmatch(word))


def _defined(match: re.Match[str]) -> str:
    return f"define {_kept(match['before'])}{_padded(match['type'])} {match['name']}({match['after']}"


def _returned(match: re.Match[str], name: str) -> list[str]:
    kind = match["type"]
    empty = f"{{ i32 0, {kind} poison }}"
    return [
        f"  {name} = insertvalue {_padded(kind)} {empty}, {kind} {match['value']}, 1",
        f"  ret {_padded(kind)} {name}",
    ]


def _called(match: re.Match[str], name: str) -> list[str]:
    kind, call = match["type"], f"{match['tail']}{_kept(match['before'])}"
    lines = [f"  {name} = {call}{_padded(match['type'])} {match['name']}({match['after']}"]
    if "=" in match["assign"]:
        lines.append(f"{match['assign']}extractvalue {_padded(kind)} {name}, 1")
    return lines


def _needs_runtime(match: re.Match[str]) -> bool:
    """Shifts by constants are a few instructions; 256-bit integers are multiplied only."""
    if match["operator"] in _SHIFTS:
        return match["type"] == "i128" and match["right"].startswith("%")
    return match["type"] == "i128" or match["operator"] == "mul"


def _operated(match: re.Match[str], name: str) -> list[str]:
    kind, function = match["type"], f"@corten.{match['operator']}.{match['type']}"
    return [
        f"  {name} = call {_padded(kind)} {function}({kind} {match['left']}, {kind} {match['right']})",
        f"  {match['result']} = extractvalue {_padded(kind)} {name}, 1",
    ]


def _declarations(lines: list[str]) -> list[str]:
    """What the runtime defines."""
    used = sorted({match[0] for line in lines for match in re.finditer(r"@corten\.[a-z]+\.i(?:128|256)(?=\()", line)})
    kinds = {name: name.rpartition(".")[2] for name in used}
    return [f"declare {_padded(kind)} {name}({kind}, {kind})" for name, kind in kinds.items()]
