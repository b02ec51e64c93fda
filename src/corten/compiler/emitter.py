"""Lines of LLVM IR: fresh names, blocks, instructions. And the sites that traps and rejects name."""

from __future__ import annotations

from corten.compiler import ir


class Sites:
    """Places in source that traps and rejects name by number; 0 is unknown."""

    def __init__(self, files: list[str]) -> None:
        self.files = files
        self.rows: list[tuple[int, str, int]] = [(0, "", 0)]
        self._numbers: dict[tuple[int, str, int], int] = {}

    def number(self, function: ir.Function, line: int) -> int:
        key = (self.files.index(function.file), function.name, line)
        if key not in self._numbers:
            self._numbers[key] = len(self.rows)
            self.rows.append(key)
        return self._numbers[key]


class Emitter:
    """Lines of one LLVM function: fresh names, blocks, instructions."""

    def __init__(self) -> None:
        self.entry: list[str] = []
        self.lines: list[str] = []
        self.current = "entry"
        self._counter = 0

    def fresh(self, prefix: str = "t") -> str:
        self._counter += 1
        return f"{prefix}{self._counter}"

    def op(self, text: str) -> str:
        """Append an instruction and return the name of its result."""
        name = "%" + self.fresh()
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")
        self.current = name

    def jump(self, name: str) -> None:
        self.do(f"br label %{name}")

    def branch(self, condition: str, then: str, otherwise: str, weights: str = "") -> None:
        self.do(f"br i1 {condition}, label %{then}, label %{otherwise}{weights}")

    def stack_slot(self, kind: str, align: int) -> str:
        name = "%" + self.fresh("s")
        self.entry.append(f"  {name} = alloca {kind}, align {align}")
        return name
