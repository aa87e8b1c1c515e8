"""LEB128, the variable-length integers of WebAssembly."""

from __future__ import annotations

__all__ = ["read_unsigned", "signed", "unsigned"]


def unsigned(value: int) -> bytes:
    """The shortest encoding of a number that is not negative."""
    found = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        if not value:
            found.append(byte)
            return bytes(found)
        found.append(byte | 0x80)


def signed(value: int) -> bytes:
    """The shortest encoding of a signed number."""
    found = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        if (value == 0 and not byte & 0x40) or (value == -1 and byte & 0x40):
            found.append(byte)
            return bytes(found)
        found.append(byte | 0x80)


def read_unsigned(data: bytes, place: int) -> tuple[int, int]:
    """The number that stands at a place, and the place behind it."""
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, place
