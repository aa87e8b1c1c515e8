"""ObjectFile: what LLVM emits for wasm32, taken apart.

The format: https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from thalweg.web.wasm.leb import read_unsigned

__all__ = ["CODE", "DATA", "DataSymbol", "Import", "ObjectFile", "Relocation", "Segment"]

_CUSTOM, _TYPE, _IMPORT, _FUNCTION, CODE, DATA = 0, 1, 2, 3, 10, 11

# Subsections of the custom section "linking".
_SEGMENT_INFO, _SYMBOL_TABLE = 5, 8

_FUNCTION_SYMBOL, _DATA_SYMBOL, _SECTION_SYMBOL = 0, 1, 3
_UNDEFINED, _EXPLICIT_NAME = 0x10, 0x40

# Relocations that hold an addend: addresses, and offsets into functions and sections.
_WITH_ADDEND = frozenset({3, 4, 5, 8, 9, 11, 14, 15, 16, 17, 21, 22, 23})


@dataclass(frozen=True, slots=True)
class Import:
    """Something from outside: `kind` 0 function, 1 table, 2 memory, 3 global."""

    module: str
    name: str
    kind: int
    description: bytes


@dataclass(frozen=True, slots=True)
class Relocation:
    """A place in a section that depends on where symbols come to lie."""

    kind: int
    offset: int
    index: int
    addend: int


@dataclass(frozen=True, slots=True)
class DataSymbol:
    """A place in a data segment."""

    segment: int
    offset: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Initial contents of memory."""

    content: bytes
    alignment: int
    begin: int  # of the content, in the data section


@dataclass(slots=True)
class ObjectFile:
    """The parts of an object file.

    Attributes:
        sections: contents by number (no custom ones).
        imports: in order.
        functions: exported names by function index (the imports count).
        symbols: what relocations of addresses point to, by number of the symbol.
        relocations: by number of the section.
        segments: of data.
    """

    sections: dict[int, bytes] = field(default_factory=dict)
    imports: list[Import] = field(default_factory=list)
    functions: dict[str, int] = field(default_factory=dict)
    symbols: dict[int, DataSymbol] = field(default_factory=dict)
    relocations: dict[int, list[Relocation]] = field(default_factory=dict)
    segments: list[Segment] = field(default_factory=list)

    @staticmethod
    def parse(content: bytes) -> ObjectFile:
        """Take an object file apart."""
        found = ObjectFile()
        numbers: list[int] = []
        alignments: list[int] = []
        for kind, body in _sections(content):
            numbers.append(kind)
            if kind != _CUSTOM:
                found.sections[kind] = body
                continue
            name, place = _name(body, 0)
            if name == "linking":
                alignments = found._read_linking(body, place)
            elif name.startswith("reloc."):
                section, place = read_unsigned(body, place)
                found.relocations[numbers[section]] = list(_relocations(body, place))
        found.imports = list(_imports(found.sections.get(_IMPORT, b"\0")))
        contents = _segments(found.sections.get(DATA, b"\0"))
        found.segments = [
            Segment(data, 1 << alignment, begin)
            for (data, begin), alignment in zip(contents, alignments, strict=True)
        ]
        return found

    def _read_linking(self, body: bytes, place: int) -> list[int]:
        alignments: list[int] = []
        _version, place = read_unsigned(body, place)
        while place < len(body):
            kind = body[place]
            size, place = read_unsigned(body, place + 1)
            end = place + size
            if kind == _SEGMENT_INFO:
                count, place = read_unsigned(body, place)
                for _ in range(count):
                    _, place = _name(body, place)
                    alignment, place = read_unsigned(body, place)
                    _flags, place = read_unsigned(body, place)
                    alignments.append(alignment)
            elif kind == _SYMBOL_TABLE:
                self._read_symbols(body, place)
            place = end
        return alignments

    def _read_symbols(self, body: bytes, place: int) -> None:
        count, place = read_unsigned(body, place)
        for number in range(count):
            kind = body[place]
            flags, place = read_unsigned(body, place + 1)
            named = not flags & _UNDEFINED or flags & _EXPLICIT_NAME
            if kind == _DATA_SYMBOL:
                _, place = _name(body, place)
                if not flags & _UNDEFINED:
                    segment, place = read_unsigned(body, place)
                    offset, place = read_unsigned(body, place)
                    _size, place = read_unsigned(body, place)
                    self.symbols[number] = DataSymbol(segment, offset)
                continue
            index, place = read_unsigned(body, place)
            if kind != _SECTION_SYMBOL and named:
                name, place = _name(body, place)
                if kind == _FUNCTION_SYMBOL and not flags & _UNDEFINED:
                    self.functions[name] = index


def _sections(content: bytes) -> Iterator[tuple[int, bytes]]:
    place = 8
    while place < len(content):
        kind = content[place]
        size, place = read_unsigned(content, place + 1)
        yield kind, content[place : place + size]
        place += size


def _name(body: bytes, place: int) -> tuple[str, int]:
    size, place = read_unsigned(body, place)
    return body[place : place + size].decode(), place + size


def _imports(body: bytes) -> Iterator[Import]:
    count, place = read_unsigned(body, 0)
    for _ in range(count):
        module, place = _name(body, place)
        name, place = _name(body, place)
        kind = body[place]
        begin = place = place + 1
        if kind == 0:
            _, place = read_unsigned(body, place)
        elif kind == 3:
            place += 2
        else:
            place += 1 if kind == 1 else 0  # the type of a table's elements
            flags = body[place]
            _, place = read_unsigned(body, place + 1)
            if flags & 1:
                _, place = read_unsigned(body, place)
        yield Import(module, name, kind, body[begin:place])


def _relocations(body: bytes, place: int) -> Iterator[Relocation]:
    count, place = read_unsigned(body, place)
    for _ in range(count):
        kind = body[place]
        offset, place = read_unsigned(body, place + 1)
        index, place = read_unsigned(body, place)
        addend = 0
        if kind in _WITH_ADDEND:
            addend, place = _read_signed(body, place)
        yield Relocation(kind, offset, index, addend)


def _read_signed(body: bytes, place: int) -> tuple[int, int]:
    begin = place
    value, place = read_unsigned(body, place)
    bits = 7 * (place - begin)
    return value - (1 << bits if body[place - 1] & 0x40 else 0), place


def _segments(body: bytes) -> Iterator[tuple[bytes, int]]:
    count, place = read_unsigned(body, 0)
    for _ in range(count):
        place += 1  # flags: active, in memory 0
        place = body.index(0x0B, place + 2) + 1  # i32.const OFFSET end, a padded number
        size, place = read_unsigned(body, place)
        yield body[place : place + size], place
        place += size
