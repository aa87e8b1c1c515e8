"""Random bits from a counter: `thalweg.primitives.random`, bit for bit.

Element i is word (i mod 2) of the Threefry block with counter (i div 2).
"""

from __future__ import annotations

from thalweg.compiler.render.wgsl.functions import functions
from thalweg.primitives.random import PARITY, ROTATIONS

__all__ = ["HELPERS"]


def _rounds() -> str:
    keys = ("first", "second", "third")
    lines: list[str] = []
    for i in range(5):
        for rotation in ROTATIONS[i % 2]:
            lines.append("  x += y;")
            lines.append(f"  y = ((y << {rotation}u) | (y >> {32 - rotation}u)) ^ x;")
        lines.append(f"  x += {keys[(i + 1) % 3]};")
        lines.append(f"  y += {keys[(i + 2) % 3]} + {i + 1}u;")
    return "\n".join(lines)


HELPERS = functions(f"""
fn threefry(first: u32, second: u32, low: u32, high: u32) -> vec2<u32> {{
  let third = first ^ second ^ {int(PARITY)}u;
  var x = low + first;
  var y = high + second;
{_rounds()}
  return vec2<u32>(x, y);
}}

fn random_bits(first: u32, second: u32, place: u32) -> u32 {{
  let words = threefry(first, second, place >> 1u, 0u);
  return select(words.x, words.y, (place & 1u) == 1u);
}}
""")
