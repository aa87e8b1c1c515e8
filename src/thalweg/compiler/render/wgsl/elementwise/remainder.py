"""The remainder of floats, and the division and modulo of Python and NumPy made from it."""

from __future__ import annotations

from thalweg.compiler.render.wgsl.functions import functions

__all__ = ["HELPERS"]

HELPERS = functions("""
// m * 2 ** e with m of 24 bits, of a size that is neither 0 nor infinite.
fn whole_parts(size: f32) -> vec2<i32> {
  let bits = bitcast<i32>(size);
  if (bits >= 0x800000) {
    return vec2<i32>((bits & 0x7fffff) | 0x800000, (bits >> 23u) - 1);
  }
  let places = i32(countLeadingZeros(u32(bits))) - 8;
  return vec2<i32>(bits << u32(places), -places);
}

// C's fmod, exact: the rest with the sign of x; 8 digits of the quotient at a time.
fn remainder_f32(x: f32, y: f32) -> f32 {
  let top = abs(x);
  let bottom = abs(y);
  if (!is_finite(x) || is_nan(y) || bottom == 0.0f) {
    return from_bits(0x7fc00000u);
  }
  if (top < bottom || top == 0.0f) {
    return x;
  }
  let a = whole_parts(top);
  let b = whole_parts(bottom);
  var rest = u32(a.x) % u32(b.x);
  for (var left = a.y - b.y; left > 0; left -= 8) {
    rest = (rest << u32(min(left, 8))) % u32(b.x);
  }
  if (rest == 0u) {
    return with_sign_of(0.0f, x);
  }
  // Back to a float: 24 bits where its exponent allows as many.
  let places = min(i32(countLeadingZeros(rest)) - 8, b.y);
  if (places < 0) {
    return with_sign_of(bitcast<f32>(rest >> u32(-places)), x);
  }
  let fraction = rest << u32(places);
  let exponent = b.y - places + 1;
  let normal = (fraction & 0x7fffffu) | (u32(exponent) << 23u);
  return with_sign_of(bitcast<f32>(select(fraction, normal, fraction >= 0x800000u)), x);
}

fn modulo_f32(x: f32, y: f32) -> f32 {
  let rest = remainder_f32(x, y);
  if (is_nan(rest)) {
    return rest;
  }
  if (rest == 0.0f) {
    return with_sign_of(0.0f, y);
  }
  return select(rest, rest + y, (y < 0.0f) != (rest < 0.0f));
}

fn floor_divide_f32(x: f32, y: f32) -> f32 {
  if (y == 0.0f) {
    return x / y;
  }
  let rest = remainder_f32(x, y);
  if (is_nan(rest)) {
    return rest;
  }
  var quotient = (x - rest) / y;
  if (rest != 0.0f && (y < 0.0f) != (rest < 0.0f)) {
    quotient -= 1.0f;
  }
  if (quotient == 0.0f) {
    return with_sign_of(0.0f, x / y);
  }
  // A whole number but for rounding.
  let below = floor(quotient);
  return select(below, below + 1.0f, quotient - below > 0.5f);
}
""")
