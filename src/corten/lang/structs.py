"""Structs, events and arrays under CPython: views on memory, and the classes that generics specialise to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform, get_args

from corten.base.errors import TrapCode, Trapped
from corten.lang.integers import default_integer, u32
from corten.lang.layout import Layout, coerce, layout_of
from corten.lang.memory import Memory, align
from corten.lang.refusal import LanguageError, describe, name_of

C = TypeVar("C", bound=type)


class Place:
    """Some bytes of some memory, seen as a type."""

    __slots__ = ("_address", "_memory")
    _memory: Memory
    _address: int

    @classmethod
    def _at(cls, memory: Memory, address: int) -> Self:
        """The place at an address."""
        place = object.__new__(cls)
        place._memory, place._address = memory, address
        return place

    @classmethod
    def _detached(cls) -> Self:
        """A zero value with a memory of its own."""
        size = layout_of(cls).size
        return cls._at(Memory(size, size), 0)

    def __eq__(self, other: object) -> bool:
        raise LanguageError(f"{name_of(type(self))} has no ==: compare its fields")

    __hash__ = None  # type: ignore[assignment]


class PlaceLayout(Layout[Any]):
    """Layout of what is referred to, not copied: reading gives the place, writing copies into it."""

    __slots__ = ()

    def read(self, memory: Memory, address: int) -> Place:
        place: Place = self.kind._at(memory, address)
        return place

    def write(self, memory: Memory, address: int, value: Place) -> None:
        memory.write(address, value._memory.read(value._address, self.size))


class Field:
    """One field of a struct: where it lies and what it is."""

    __slots__ = ("layout", "name", "offset")

    def __init__(self, name: str, layout: Layout[Any], offset: int) -> None:
        self.name, self.layout, self.offset = name, layout, offset

    def __get__(self, place: Place | None, owner: type) -> Any:
        if place is None:
            return self
        return self.layout.read(place._memory, place._address + self.offset)

    def __set__(self, place: Place, value: Any) -> None:
        self.layout.write(place._memory, place._address + self.offset, coerce(self.layout.kind, value))


class StructLayout(PlaceLayout):
    """Fields in order, each at its natural alignment."""

    __slots__ = ("defaults", "fields")

    def __init__(self, kind: type[Struct], types: dict[str, Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.fields: list[Field] = []
        offset, alignment = 0, 1
        for name, field_type in types.items():
            layout = layout_of(field_type)
            offset = align(offset, layout.alignment)
            self.fields.append(Field(name, layout, offset))
            offset, alignment = offset + layout.size, max(alignment, layout.alignment)
        super().__init__(kind, align(offset, alignment), alignment)

    def words(self, value: Any) -> list[int]:
        return [word for field in self.fields for word in field.layout.words(field.__get__(value, self.kind))]

    def plain(self, value: Any) -> dict[str, Any]:
        return {field.name: field.layout.plain(field.__get__(value, self.kind)) for field in self.fields}

    def typed(self, value: Any) -> Any:
        if isinstance(value, self.kind):
            return value
        names = [field.name for field in self.fields]
        if not isinstance(value, dict) or not set(value) <= set(names):
            raise ValueError(f"{value!r} is no dict of {', '.join(names)}")
        place = self.kind._detached()
        for field in self.fields:
            if field.name in value:
                field.__set__(place, field.layout.typed(value[field.name]))
        return place


class Struct(Place):
    """Base of what `@struct` and `@event` make."""

    __slots__ = ()
    _namespace: ClassVar[dict[str, Any]]  # the globals that annotations are evaluated in
    _annotations: ClassVar[dict[str, Any]]
    _defaults: ClassVar[dict[str, Any]]
    _parameters: ClassVar[tuple[TypeVar, ...]] = ()
    _origin: ClassVar[Any] = None
    _arguments: ClassVar[tuple[Any, ...]] = ()
    _is_event: ClassVar[bool] = False

    def __init__(self, *values: Any, **named: Any) -> None:
        cls = type(self)
        layout = layout_of(cls)
        assert isinstance(layout, StructLayout)
        self._memory, self._address = Memory(layout.size, layout.size), 0
        for name, value in self._assigned(layout, values, named).items():
            setattr(self, name, value)

    @classmethod
    def _assigned(cls, layout: StructLayout, values: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        names = [field.name for field in layout.fields]
        positional = dict(zip(names, values, strict=False))
        wrong = sorted(set(named) - set(names) | set(named) & set(positional))
        if len(values) > len(names) or wrong:
            raise LanguageError(f"{name_of(cls)} has the fields {', '.join(names)}; found {', '.join(wrong) or 'more'}")
        return {**layout.defaults, **positional, **named}

    @classmethod
    def _make_layout(cls) -> StructLayout:
        if cls._parameters:
            raise LanguageError(f"{name_of(cls)} is generic: write {name_of(cls)}[…]")
        bound = cls._bindings()
        types = {name: cls._resolve(annotation, bound) for name, annotation in cls._annotations.items()}
        layout = StructLayout(cls, types, cls._defaults)
        for field in layout.fields:
            setattr(cls, field.name, field)
        return layout

    @classmethod
    def _bindings(cls) -> dict[str, Any]:
        parameters = cls._origin._parameters if cls._origin else ()
        return {parameter.__name__: argument for parameter, argument in zip(parameters, cls._arguments, strict=True)}

    @classmethod
    def _resolve(cls, annotation: Any, bound: dict[str, Any]) -> Any:
        if isinstance(annotation, str):
            return eval(annotation, cls._namespace, bound)  # the contract's own annotation
        return annotation

    def __class_getitem__(cls, arguments: Any) -> type[Struct]:
        arguments = arguments if isinstance(arguments, tuple) else (arguments,)
        if len(arguments) != len(cls._parameters):
            raise LanguageError(f"{name_of(cls)} takes {len(cls._parameters)} types, found {len(arguments)}")
        return _specialised(cls, arguments)

    def __repr__(self) -> str:
        layout = layout_of(type(self))
        assert isinstance(layout, StructLayout)
        fields = (f"{field.name}={getattr(self, field.name)!r}" for field in layout.fields)
        return f"{name_of(type(self))}({', '.join(fields)})"


_SPECIALISED: dict[tuple[Any, ...], type[Struct]] = {}


def _specialised(cls: type[Struct], arguments: tuple[Any, ...]) -> type[Struct]:
    """The class for these type arguments; inside its methods `self._type_T` is what T stands for."""
    key = (cls, *arguments)
    if key not in _SPECIALISED:
        name = f"{name_of(cls)}[{', '.join(map(name_of, arguments))}]"
        types = {f"_type_{p.__name__}": argument for p, argument in zip(cls._parameters, arguments, strict=True)}
        namespace = {"__slots__": (), "_origin": cls, "_arguments": arguments, "_parameters": (), **types}
        _SPECIALISED[key] = type(name, (cls,), namespace)
    return _SPECIALISED[key]


_NOT_COPIED = ("__dict__", "__weakref__", "__orig_bases__", "__parameters__", "__annotations__")


def rebuilt(cls: type, base: type[Struct], namespace: dict[str, Any], **attributes: Any) -> Any:
    """A class of contract source, made again as a view on memory."""
    annotations = dict(getattr(cls, "__annotations__", {}))
    body = {name: value for name, value in vars(cls).items() if name not in _NOT_COPIED}
    defaults = {name: body.pop(name) for name in annotations if name in body}
    parameters = tuple(getattr(cls, "__parameters__", ()))
    body.update(
        __slots__=(), _namespace=namespace, _annotations=annotations, _defaults=defaults, _parameters=parameters
    )
    return type(cls.__name__, (base,), {**body, **attributes})


@dataclass_transform()
def struct(cls: C) -> C:
    """Declares a record."""
    return rebuilt(cls, Struct, sys._getframe(1).f_globals)  # type: ignore[no-any-return]


@dataclass_transform()
def event(cls: C) -> C:
    """Declares an event."""
    return rebuilt(cls, Struct, sys._getframe(1).f_globals, _is_event=True)  # type: ignore[no-any-return]


class Array(Place):
    """`Array[T, N]`: N elements side by side."""

    __slots__ = ()
    element: ClassVar[Any]
    count: ClassVar[int]
    _kinds: ClassVar[dict[tuple[Any, int], type[Array]]] = {}

    def __init__(self) -> None:
        size = layout_of(type(self)).size
        self._memory, self._address = Memory(size, size), 0

    def __class_getitem__(cls, parameters: tuple[Any, Any]) -> type[Array]:
        element, count = parameters
        number = int((get_args(count) or (count,))[0])
        key = (element, number)
        if key not in cls._kinds:
            name = f"Array[{name_of(element)}, {number}]"
            cls._kinds[key] = type(name, (Array,), {"__slots__": (), "element": element, "count": number})
        return cls._kinds[key]

    @classmethod
    def _make_layout(cls) -> ArrayLayout:
        return ArrayLayout(cls)

    def _element(self, index: Any) -> tuple[Layout[Any], int]:
        check_index(index, self.count)
        layout = layout_of(self.element)
        return layout, self._address + int(index) * layout.size

    def __getitem__(self, index: Any) -> Any:
        layout, address = self._element(index)
        return layout.read(self._memory, address)

    def __setitem__(self, index: Any, value: Any) -> None:
        layout, address = self._element(index)
        layout.write(self._memory, address, coerce(layout.kind, value))

    def __len__(self) -> int:
        return u32(self.count)

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(self.count))

    def __repr__(self) -> str:
        return f"{name_of(type(self))}({list(self)!r})"


class ArrayLayout(PlaceLayout):
    """Elements at their own size, which is a multiple of their alignment."""

    __slots__ = ("element",)

    def __init__(self, kind: type[Array]) -> None:
        self.element = layout_of(kind.element)
        super().__init__(kind, self.element.size * kind.count, self.element.alignment)

    def words(self, value: Any) -> list[int]:
        return [word for element in value for word in self.element.words(element)]

    def plain(self, value: Any) -> list[Any]:
        return [self.element.plain(element) for element in value]

    def typed(self, value: Any) -> Any:
        values = list(value)
        if len(values) != self.kind.count:
            raise ValueError(f"expected {self.kind.count} elements, found {len(values)}")
        array = self.kind._detached()
        for index, element in enumerate(values):
            array[index] = self.element.typed(element)
        return array


class Ref:
    """`Ref[T]` as a return type: the place itself."""

    def __class_getitem__(cls, kind: Any) -> Any:
        return kind


def check_index(index: Any, count: Any) -> None:
    """Traps `index_out_of_range` unless 0 ≤ index < count; any integer types."""
    index = default_integer(index)
    if isinstance(index, bool) or not isinstance(index, int):
        raise LanguageError(f"an index is an integer, found {describe(index)}")
    if not 0 <= int(index) < int(count):
        raise Trapped(TrapCode.INDEX_OUT_OF_RANGE)


def copy(value: Any) -> Any:
    """A value of its own: changing it does not change the place it was copied from."""
    if not isinstance(value, Place):
        return value
    duplicate = type(value)._detached()
    layout_of(type(value)).write(duplicate._memory, duplicate._address, value)
    return duplicate
