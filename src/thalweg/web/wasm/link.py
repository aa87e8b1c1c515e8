"""From an object file for wasm32 to a module that a page can load.

An object's function and type numbers are final, so that there is little to do: give data its
place, fill in addresses, write numbers in their shortest form (LLVM pads them to five bytes), and
add the exports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from thalweg.web.wasm.leb import read_unsigned, signed, unsigned
from thalweg.web.wasm.object_file import CODE, DATA, Import, ObjectFile, Relocation

__all__ = ["Module", "link"]

_TYPE, _IMPORT, _FUNCTION, _EXPORT = 1, 2, 3, 7

# Kinds of relocations.
_FUNCTION_INDEX, _ADDRESS, _ADDRESS_SIGNED, _ADDRESS_WORD, _TYPE_INDEX, _GLOBAL = 0, 3, 4, 5, 6, 7
_PADDED = 5

# The memory's limits: at least so many pages, at most all that 32 bits can address. The first byte
# is 1 for memory of one thread; a page that has several workers makes it 3 before it compiles.
_MOST_PAGES = 65536
_PAGE = 65536


@dataclass(frozen=True, slots=True)
class Module:
    """A linked module.

    Attributes:
        content: its bytes.
        end: the address behind the data that it initialises.
    """

    content: bytes
    end: int


def link(
    content: bytes,
    exports: Sequence[str],
    data_at: int,
    contents: Mapping[int, bytes],
    pages: int = 1,
) -> Module:
    """Make a module of an object file.

    It imports `env.memory`, and `env.__stack_pointer` if its functions need a stack.

    Args:
        content: the object file.
        exports: names of the functions to export.
        data_at: where to put the data that the object brings.
        contents: what else memory holds at the beginning, by address.
        pages: how much memory there is at least, in pages of 64 KiB.

    Raises:
        ValueError: if the object needs functions from outside.
    """
    found = ObjectFile.parse(content)
    imports = _checked(found.imports)
    places, end = _place_segments(found, data_at)
    filled = _Filler(found, places)
    data = {place: filled.segment(k) for k, place in enumerate(places)} | dict(contents)
    least = max(pages, -(-end // _PAGE))
    sections = [
        (_TYPE, found.sections[_TYPE]),
        (_IMPORT, _import_section(imports, least)),
        (_FUNCTION, found.sections[_FUNCTION]),
        (_EXPORT, _export_section(found, exports)),
        (CODE, filled.code()),
        (DATA, _data_section(data)),
    ]
    body = b"".join(bytes([kind]) + _sized(section) for kind, section in sections)
    return Module(b"\0asm\1\0\0\0" + body, end)


def _checked(imports: Sequence[Import]) -> list[Import]:
    outside = [x.name for x in imports if x.kind == 0]
    if outside:
        raise ValueError(
            f"The program needs the function {' and '.join(outside)}, which a page does not have."
        )
    # A table is declared whether or not a function is called through it.
    return [x for x in imports if x.kind != 1]


def _place_segments(found: ObjectFile, begin: int) -> tuple[list[int], int]:
    places = []
    for segment in found.segments:
        begin = -(-begin // segment.alignment) * segment.alignment
        places.append(begin)
        begin += len(segment.content)
    return places, begin


class _Filler:
    """Fills in what depends on places."""

    def __init__(self, found: ObjectFile, places: Sequence[int]) -> None:
        self.found, self.places = found, places

    def address(self, relocation: Relocation) -> int:
        symbol = self.found.symbols[relocation.index]
        return self.places[symbol.segment] + symbol.offset + relocation.addend

    def segment(self, number: int) -> bytes:
        segment = self.found.segments[number]
        content = bytearray(segment.content)
        for relocation in self.found.relocations.get(DATA, []):
            place = relocation.offset - segment.begin
            if 0 <= place < len(content):
                if relocation.kind != _ADDRESS_WORD:
                    raise ValueError(f"Data with a relocation of kind {relocation.kind}.")
                content[place : place + 4] = self.address(relocation).to_bytes(4, "little")
        return bytes(content)

    def code(self) -> bytes:
        body = self.found.sections[CODE]
        count, place = read_unsigned(body, 0)
        relocations = sorted(self.found.relocations.get(CODE, []), key=lambda r: r.offset)
        bodies = []
        for _ in range(count):
            size, begin = read_unsigned(body, place)
            place = begin + size
            own = [r for r in relocations if begin <= r.offset < place]
            bodies.append(_sized(b"".join(self._pieces(body, begin, place, own))))
        return unsigned(count) + b"".join(bodies)

    def _pieces(
        self, body: bytes, begin: int, end: int, relocations: Sequence[Relocation]
    ) -> Iterator[bytes]:
        for relocation in relocations:
            yield body[begin : relocation.offset]
            begin = relocation.offset + _PADDED
            yield self._number(relocation, body)
        yield body[begin:end]

    def _number(self, relocation: Relocation, body: bytes) -> bytes:
        if relocation.kind == _ADDRESS:
            return unsigned(self.address(relocation))
        if relocation.kind == _ADDRESS_SIGNED:
            return signed(self.address(relocation))
        if relocation.kind in (_FUNCTION_INDEX, _TYPE_INDEX, _GLOBAL):
            return unsigned(read_unsigned(body, relocation.offset)[0])
        raise ValueError(f"Code with a relocation of kind {relocation.kind}.")


def _import_section(imports: Sequence[Import], pages: int) -> bytes:
    parts = []
    for found in imports:
        name, description = found.name, found.description
        if found.kind == 2:
            name, description = "memory", b"\1" + unsigned(pages) + unsigned(_MOST_PAGES)
        parts.append(_text("env") + _text(name) + bytes([found.kind]) + description)
    return unsigned(len(parts)) + b"".join(parts)


def _export_section(found: ObjectFile, exports: Sequence[str]) -> bytes:
    parts = [_text(name) + b"\0" + unsigned(found.functions[name]) for name in exports]
    return unsigned(len(parts)) + b"".join(parts)


def _data_section(data: Mapping[int, bytes]) -> bytes:
    segments = sorted((place, content) for place, content in data.items() if content.strip(b"\0"))
    parts = [b"\0\x41" + signed(place) + b"\x0b" + _sized(content) for place, content in segments]
    return unsigned(len(parts)) + b"".join(parts)


def _sized(content: bytes) -> bytes:
    return unsigned(len(content)) + content


def _text(name: str) -> bytes:
    return _sized(name.encode())
