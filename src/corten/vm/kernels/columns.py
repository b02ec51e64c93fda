"""Arguments as columns: dtypes, broadcasting, chunks; what does not fit is refused by the argument's name."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput
from corten.wasm.sections import Abi, ArrayType, EnumType, Field, ScalarType, StructType, UnitType

Shape = tuple[int, ...]
_DTYPES: Final = {"bool": "?", "f64": "<f8"} | {
    f"{sign}{bits}": f"<{sign}{bits // 8}" for sign in "ui" for bits in (8, 16, 32, 64)
}


@dataclass(frozen=True)
class Column:
    """One value a row, or `length` of them if it is an array. `path` is the parameter, or `parameter.field`."""

    path: str
    spelling: str
    dtype: np.dtype[Any]
    length: int = 1
    is_array: bool = False
    members: Mapping[str, int] | None = None

    @property
    def row_bytes(self) -> int:
        return self.dtype.itemsize * self.length

    @property
    def tail(self) -> Shape:
        """The axes that a row itself has."""
        return (self.length,) if self.is_array else ()

    @property
    def expected(self) -> str:
        """What may be given, in words."""
        inner = self.spelling if not self.is_array else f"f64 or integers with a last axis of {self.length}"
        return f"numbers or a column ({inner})"


def input_columns(abi: Abi) -> list[Column]:
    """The columns of a kernel's parameters, in order."""
    return [column for field in abi.entries[0].parameters for column in _columns(abi, field.name, field.type)]


def output_columns(abi: Abi) -> list[Column]:
    """The columns of its result; those of a struct are named by its fields."""
    spelling = abi.entries[0].returns or ""
    kind = abi.resolve(spelling)
    if isinstance(kind, StructType):
        return [column for field in kind.fields for column in _columns(abi, field.name, field.type)]
    return _columns(abi, "result", spelling)


def _columns(abi: Abi, path: str, spelling: str) -> list[Column]:
    match abi.resolve(spelling):
        case StructType(fields=fields):
            return [column for field in fields for column in _columns(abi, f"{path}.{field.name}", field.type)]
        case ArrayType(element, count):
            (inner,) = _columns(abi, path, element)
            return [Column(path, spelling, inner.dtype, count, True, inner.members)]
        case EnumType(base, members):
            return [Column(path, spelling, np.dtype(_DTYPES[base]), members=members)]
        case UnitType(base):
            return [Column(path, spelling, np.dtype(_DTYPES[base]))]
        case ScalarType(kind):
            return [Column(path, spelling, np.dtype(_DTYPES[kind]))]


def struct_fields(abi: Abi, spelling: str) -> tuple[Field, ...] | None:
    """The fields of a struct; None for any other type."""
    kind = abi.resolve(spelling)
    return kind.fields if isinstance(kind, StructType) else None


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def as_column(value: Any, column: Column) -> NDArray[Any]:
    """`value` as an array that copies into the column without loss; InvalidInput names the argument and its dtype."""
    array = value if isinstance(value, np.ndarray) else _converted(value, column)
    if isinstance(array, np.ma.MaskedArray):
        raise InvalidInput(column.path, column.expected, "a masked array: fill it with nan, or give .compressed()")
    if column.members is not None and array.dtype.kind in "iu":
        return _members(array, column)
    if not np.can_cast(array.dtype, column.dtype, "safe"):
        if isinstance(value, np.ndarray | np.generic) or not _fits(array, column):
            found = f"{array.dtype}, which {column.spelling} does not hold without loss: convert it with .astype"
            if array.dtype.kind not in "biuf":
                found = f"dtype {array.dtype}, which holds no numbers: convert it with .astype(float), None as nan"
            raise InvalidInput(column.path, column.expected, found)
        array = array.astype(column.dtype)
    if column.is_array and (array.ndim == 0 or array.shape[-1] != column.length):
        raise InvalidInput(column.path, f"a last axis of {column.length} ({column.spelling})", f"shape {array.shape}")
    return array


def _converted(value: Any, column: Column) -> NDArray[Any]:
    if column.members is not None:
        value = _numbers(value, column)
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise InvalidInput(column.path, column.expected, f"{type(value).__name__}: {error}") from None
    if array.dtype == object or array.dtype.kind not in "biuf":
        raise InvalidInput(column.path, column.expected, f"{type(value).__name__} of dtype {array.dtype}")
    return array


def _numbers(value: Any, column: Column) -> Any:
    """Members of an enum, or their names, as numbers."""
    assert column.members is not None
    if isinstance(value, str):
        if value not in column.members:
            raise InvalidInput(column.path, f"one of {', '.join(column.members)}", repr(value))
        return np.uint8(column.members[value])
    if isinstance(value, Sequence):
        return np.array([_numbers(each, column) for each in value], np.uint8)
    try:
        return np.uint8(operator.index(value))
    except (TypeError, OverflowError):
        return value


def _fits(array: NDArray[Any], column: Column) -> bool:
    """Whether each of Python's integers is one of the column's."""
    if array.dtype.kind not in "iu" or column.dtype.kind not in "iu":
        return False
    limits = np.iinfo(column.dtype)
    return array.size == 0 or (int(array.min()) >= limits.min and int(array.max()) <= limits.max)


def _members(array: NDArray[Any], column: Column) -> NDArray[Any]:
    assert column.members is not None
    known = np.isin(array, np.array(list(column.members.values()), np.uint8))
    if not known.all():
        names = ", ".join(f"{name} = {number}" for name, number in column.members.items())
        raise InvalidInput(column.path, names, str(array[~known].flat[0]))
    return array.astype(column.dtype, copy=False)


# ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def common_shape(arrays: Sequence[NDArray[Any]], columns: Sequence[Column]) -> Shape:
    """The shape that the rows of all arguments broadcast to; InvalidInput names two that do not."""
    shapes = [_rows(array, column) for array, column in zip(arrays, columns, strict=True)]
    several = {shape for shape in shapes if shape}
    if len(several) <= 1:
        return several.pop() if several else ()
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        pass
    for later, shape in enumerate(shapes):
        for earlier in range(later):
            try:
                np.broadcast_shapes(shapes[earlier], shape)
            except ValueError:
                found = f"shape {shape} and {columns[earlier].path} of shape {shapes[earlier]}"
                raise InvalidInput(columns[later].path, "columns that broadcast to one shape", found) from None
    raise InvalidInput("arguments", "columns that broadcast to one shape", ", ".join(map(str, shapes)))


def _rows(array: NDArray[Any], column: Column) -> Shape:
    return array.shape[:-1] if column.is_array else array.shape


def chunks(shape: Shape, rows: int) -> list[tuple[slice | int, ...]]:
    """Indices of blocks of at most `rows` rows that together are an array of that shape, in order."""
    if prod(shape) == 0:
        return []
    if len(shape) == 1:
        return [(slice(begin, min(begin + rows, shape[0])),) for begin in range(0, shape[0], rows)]
    axis = next(axis for axis in range(len(shape)) if prod(shape[axis + 1 :]) <= rows) if shape else 0
    if not shape:
        return [()]
    step = max(1, rows // prod(shape[axis + 1 :]))
    slices = [slice(begin, min(begin + step, shape[axis])) for begin in range(0, shape[axis], step)]
    return [(*outer, part) for outer in np.ndindex(shape[:axis]) for part in slices]


def flattened(array: NDArray[Any], shape: Shape, column: Column) -> NDArray[Any] | None:
    """The rows of a full-shape array in one axis, if that takes no copy."""
    if array.shape != shape + column.tail:
        return None
    return array.reshape(-1, *column.tail) if array.flags.c_contiguous else None
