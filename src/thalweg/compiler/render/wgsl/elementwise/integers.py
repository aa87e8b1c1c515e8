"""Integer operations with NumPy's results: wraparound, and 0 for division by zero."""

from __future__ import annotations

from thalweg.compiler.render.wgsl.functions import functions

__all__ = ["HELPERS"]

HELPERS = functions("""
fn floor_divide_i32(x: i32, y: i32) -> i32 {
  if (y == 0) {
    return 0;
  }
  if (y == -1) {
    return 0 - x;
  }
  let quotient = x / y;
  let rest = x - quotient * y;
  return select(quotient, quotient - 1, rest != 0 && (rest ^ y) < 0);
}

fn modulo_i32(x: i32, y: i32) -> i32 {
  if (y == 0 || y == -1) {
    return 0;
  }
  let rest = x - (x / y) * y;
  return select(rest, rest + y, rest != 0 && (rest ^ y) < 0);
}

fn floor_divide_u32(x: u32, y: u32) -> u32 {
  if (y == 0u) {
    return 0u;
  }
  return x / y;
}

fn modulo_u32(x: u32, y: u32) -> u32 {
  if (y == 0u) {
    return 0u;
  }
  return x % y;
}

fn power_u32(x: u32, y: u32) -> u32 {
  var result = 1u;
  var square = x;
  for (var rest = y; rest != 0u; rest = rest >> 1u) {
    if ((rest & 1u) == 1u) {
      result *= square;
    }
    square *= square;
  }
  return result;
}

fn power_i32(x: i32, y: i32) -> i32 {
  if (y >= 0) {
    return bitcast<i32>(power_u32(bitcast<u32>(x), u32(y)));
  }
  // A negative power is cut to 0, save those of 1 and -1.
  if (x == -1) {
    return select(1, -1, (y & 1) == 1);
  }
  return select(0, 1, x == 1);
}

fn shift_left_u32(x: u32, y: u32, width: u32) -> u32 {
  return select(0u, x << (y & 31u), y < width);
}

fn shift_right_u32(x: u32, y: u32, width: u32) -> u32 {
  return select(0u, x >> (y & 31u), y < width);
}

fn shift_right_i32(x: i32, y: u32, width: u32) -> i32 {
  return x >> min(y, width - 1u);
}
""")
