"""Bounds of compilation: what is larger is refused with E600, so that no source makes the compiler run for long."""

from __future__ import annotations

MAX_SOURCE_BYTES = 1 << 20
MAX_SYNTAX_NODES = 200_000
MAX_SYNTAX_DEPTH = 400
MAX_FILES = 100
MAX_FUNCTIONS = 4000
MAX_WORK = 100_000  # expressions and statements checked, generic instances counted each
MAX_INLINED = 50_000  # expressions of a function with its @inline callees
MAX_NESTING = 60
MAX_EXPRESSION_DEPTH = 200
MAX_LOCALS = 2000
MAX_FRAME_BYTES = 32 << 10
MAX_PARAMETERS = 256
MAX_PARAMETER_SCALARS = 512
MAX_OPERANDS = 256
MAX_CASES = 256
MAX_FIELDS = 1024
MAX_TYPES = 2000
MAX_TYPE_NAME = 200
MAX_TYPE_BYTES = 1 << 26
MAX_KEY_SCALARS = 64
MAX_ERRORS = 4095  # a code has twelve bits in a status

#: Python frames that checking, printing and emitting may use: every level of syntax takes several
RECURSION_LIMIT = 20_000
