"""Checks assignments: locals, fields, elements, `del`; and references that would outlive what they refer to."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from corten.compiler import ir
from corten.compiler.expressions import ExpressionChecker
from corten.compiler.modules import CONTAINERS_FILE
from corten.compiler.program import Instance, ProgramBuilder
from corten.compiler.references import is_fresh, locals_of
from corten.compiler.scope import Variable
from corten.compiler.types import ERROR, NONE, IntType, RefType, StructType, Type, UnitType
from corten.compiler.typetable import shortened
from corten.compiler.walk import parts

#: methods of the library's containers that leave live elements where they are
_READERS = frozenset("__getitem__ __contains__ __len__ get find at".split())


@dataclass(frozen=True)
class _Alias:
    """A name bound to a place, judged when the whole function is known: `locals` may turn out to own their values."""

    locals: frozenset[int]
    message: str
    node: ast.expr
    hint: str


class AssignmentChecker(ExpressionChecker):
    """Statements that assign."""

    def __init__(self, program: ProgramBuilder, instance: Instance) -> None:
        super().__init__(program, instance)
        self._aliases: list[_Alias] = []
        self._parts: list[tuple[Variable, set[int]]] = []

    def assign(
        self, target: ast.expr, value: ast.expr, annotation: ast.expr | None, node: ast.stmt
    ) -> list[ir.Statement]:
        """`target = value`, `target: annotation = value`."""
        if isinstance(target, ast.Name):
            return self._assign_name(target, value, annotation, node)
        if annotation is not None:
            message = "annotations are for locals; fields are declared in the class body"
            self.error("E101", message, target, "remove the annotation")
        if isinstance(target, ast.Attribute):
            return self._store(self.attribute(target), value, target)
        if isinstance(target, ast.Subscript):
            return self._assign_item(target, value)
        hint = "assign one name at a time, or return a struct"
        self.error("E101", "assignment to several names is outside the language", target, hint)
        return []

    # ---- locals --------------------------------------------------------------------------------------------------

    def declare(self, name: str, kind: Type) -> Variable:
        """The local of that name; a new one the first time."""
        known = self.variables.get(name)
        if known is None:
            known = self.variables[name] = Variable(self.function.new_local(name, kind), kind)
        return known

    def _assign_name(
        self, target: ast.Name, value: ast.expr, annotation: ast.expr | None, node: ast.stmt
    ) -> list[ir.Statement]:
        known = self.variables.get(target.id)
        wanted = self.type_named(annotation) if annotation is not None else None
        if known is not None and wanted not in (None, known.type, ERROR):
            self.error("E203", f"`{target.id}` already has type {known.type}", node, "use another name")
            return []
        wanted = known.type if known else wanted
        checked = self.value(value, wanted)
        if wanted is not None:
            checked = self.agree(checked, wanted, value)
        if target.id == "self":
            self.error("E101", "`self` cannot be assigned", node, "use another name")
        variable = self.declare(target.id, wanted if checked.type is ERROR and wanted else checked.type)
        self.assigned.add(target.id)
        if checked.type is ERROR:
            return []
        if checked.type.is_aggregate:
            self.note_alias(variable, checked, value, target.id)
        return [ir.SetLocal(node.lineno, variable.local, checked)]

    def note_alias(self, variable: Variable, value: ir.Expression, node: ast.expr, name: str) -> None:
        """`variable` now names the aggregate `value`: it owns what is made here, and must not share what others own."""
        variable.owned = variable.owned or is_fresh(value)
        hint = f"write `{name} = copy({shortened(node)})`"
        self._aliases.append(
            _Alias(frozenset(locals_of(value)), f"`{name}` would be a second name for a local value", node, hint)
        )

    def note_result(self, place: ir.Expression, node: ast.expr, kind: Type) -> None:
        """The function returns a place: not one of its own."""
        message, hint = "the place would be gone when the function returns", f"return a copy: -> {kind}"
        if is_fresh(place):
            self.error("E402", message, node, hint)
        self._aliases.append(_Alias(frozenset(locals_of(place)), message, node, hint))

    def check_aliases(self) -> None:
        """At the end of the function it is known which locals own values."""
        owners = self._owners()
        for alias in self._aliases:
            if alias.locals & owners:
                self.error("E402", alias.message, alias.node, alias.hint)

    def note_part(self, variable: Variable, base: ir.Expression) -> None:
        """`variable` names parts of `base` in turn, and owns them if `base` is a value of this function."""
        variable.owned = variable.owned or is_fresh(base)
        self._parts.append((variable, locals_of(base)))

    def _owners(self) -> set[int]:
        owners = {variable.local for variable in self.variables.values() if variable.owned}
        growing = True
        while growing:
            more = {variable.local for variable, bases in self._parts if bases & owners} - owners
            owners |= more
            growing = bool(more)
        return owners

    # ---- places --------------------------------------------------------------------------------------------------

    def _store(self, place: ir.Expression, value: ast.expr, node: ast.expr) -> list[ir.Statement]:
        if not isinstance(place.type, RefType):
            if place.type is not ERROR:
                self.error("E302", f"`{shortened(node)}` cannot be assigned", node, "assign a field or an element")
            self.expression(value)
            return []
        kind = place.type.target
        checked = self.typed(value, kind)
        if checked.type is ERROR:
            return []
        # Python evaluates the value first, then the target's parts
        local, read = self.temporary(checked)
        return [ir.SetLocal(node.lineno, local, checked), ir.Store(node.lineno, kind, place, read)]

    def _assign_item(self, target: ast.Subscript, value: ast.expr) -> list[ir.Statement]:
        base = self.value(target.value)
        method = self.program.method(base.type, "__setitem__") if isinstance(base.type, StructType) else None
        if method is None:
            return self._store(self.subscript(target), value, target)
        if not self._takes(method, 2, base.type, target):
            return []
        key = self.typed(target.slice, method.signature.types[0])
        checked = self.typed(value, method.signature.types[1])
        if ERROR in (key.type, checked.type):
            return []
        local, read = self.temporary(checked)
        call = ir.Call(NONE, target.lineno, method.function, [base, key, read])
        return [ir.SetLocal(target.lineno, local, checked), ir.Evaluate(target.lineno, call)]

    def _takes(self, method: Instance, count: int, kind: Type, node: ast.AST) -> bool:
        """Whether a method of the container protocol has the form it must have."""
        signature = method.signature
        if len(signature.types) == count and signature.result is NONE:
            return True
        name = method.declaration.name
        self.error("E302", f"`{name}` of {kind} does not take {count} arguments to None", node, "see Map for its form")
        return False

    # ---- augmented assignment ------------------------------------------------------------------------------------

    def augmented(self, node: ast.AugAssign) -> list[ir.Statement]:
        """`target op= value`."""
        if isinstance(node.target, ast.Name):
            return self._augmented_name(node, node.target)
        base = self.value(node.target.value) if isinstance(node.target, ast.Subscript) else None
        place = self.subscript(node.target) if isinstance(node.target, ast.Subscript) else self.attribute(node.target)
        if place.type is ERROR:
            return []
        if base is not None and isinstance(base.type, StructType) and self._wants_setter(node, place):
            return self._augmented_item(node, base)
        if not isinstance(place.type, RefType):
            self.error("E302", f"`{shortened(node.target)}` cannot be assigned", node, "assign a field or an element")
            return []
        if place.type.target.is_aggregate:
            message = f"`{shortened(node.target)}` is {place.type.target}: no arithmetic"
            self.error("E302", message, node, "assign its fields")
            return []
        local, read = self.temporary(place)
        changed = self._augment(ir.Load(place.type.target, node.lineno, read), node)
        if changed.type is ERROR:
            return []
        return [ir.SetLocal(node.lineno, local, place), ir.Store(node.lineno, place.type.target, read, changed)]

    def _augmented_name(self, node: ast.AugAssign, target: ast.Name) -> list[ir.Statement]:
        current = self.expression(target)
        changed = self._augment(current, node)
        variable = self.variables.get(target.id)
        if changed.type is ERROR or variable is None:
            return []
        return [ir.SetLocal(node.lineno, variable.local, changed)]

    def _augment(self, current: ir.Expression, node: ast.AugAssign) -> ir.Expression:
        if current.type is ERROR:
            return current
        wanted: Type = current.type
        if isinstance(wanted, UnitType) and isinstance(node.op, (ast.Mult, ast.FloorDiv)):
            wanted = wanted.base
        if isinstance(node.op, (ast.LShift, ast.RShift)) and not isinstance(wanted, IntType):
            wanted = ERROR
        operand = self.value(node.value, None if wanted is ERROR else wanted)
        return self.agree(self.binary(node.op, current, operand, node), current.type, node)

    def _wants_setter(self, node: ast.AugAssign, place: ir.Expression) -> bool:
        """Whether `x[k] op= v` must get and then set.

        A place would do unless `v` may change the container, which only a call can.
        """
        if not isinstance(place.type, RefType):
            return True
        if not any(isinstance(item, ast.Call) for item in ast.walk(node.value)):
            return False
        return any(_may_move(item) for item in parts(self.value(node.value, place.type.target)))

    def _augmented_item(self, node: ast.AugAssign, base: ir.Expression) -> list[ir.Statement]:
        """`x[k] += v` on a container: get, then set, with the key evaluated once."""
        target = node.target
        assert isinstance(target, ast.Subscript)
        assert isinstance(base.type, StructType)
        getter, setter = self.program.method(base.type, "__getitem__"), self.program.method(base.type, "__setitem__")
        if getter is None or setter is None:
            self.error("E302", f"{base.type} has no __setitem__", node, "assign a field of an element")
            return []
        if not self._takes(setter, 2, base.type, node) or len(getter.signature.types) != 1:
            return []
        key = self.typed(target.slice, getter.signature.types[0])
        key_local, key_read = self.temporary(key)
        base_local, base_read = self.temporary(base)
        item = ir.Call(getter.signature.result, node.lineno, getter.function, [base_read, key_read])
        changed = self._augment(self.read_place(item), node)
        if ERROR in (changed.type, key.type):
            return []
        if changed.type is not setter.signature.types[1]:
            self.error(
                "E302", f"`__setitem__` of {base.type} does not take {changed.type}", node, "see Map for its form"
            )
            return []
        call = ir.Call(NONE, node.lineno, setter.function, [base_read, key_read, changed])
        return [
            ir.SetLocal(node.lineno, base_local, base),
            ir.SetLocal(node.lineno, key_local, key),
            ir.Evaluate(node.lineno, call),
        ]

    def delete(self, target: ast.expr) -> list[ir.Statement]:
        """`del container[key]`."""
        if isinstance(target, ast.Subscript):
            base = self.value(target.value)
            if base.type is ERROR:
                return []
            method = self.program.method(base.type, "__delitem__") if isinstance(base.type, StructType) else None
            if method is not None:
                call = self.call_instance(method, base, [target.slice], [], target)
                return [] if call.type is ERROR else [ir.Evaluate(target.lineno, call)]
        message = f"`del {shortened(target)}` is outside the language"
        self.error("E101", message, target, "`del map[key]` is for Map; other things need no deletion")
        return []


def _may_move(node: ir.Expression) -> bool:
    """Whether evaluating an expression may remove elements of containers."""
    if not isinstance(node, ir.Call):
        return False
    return node.function.file != CONTAINERS_FILE or node.function.name not in _READERS
