"""Numbers that are not: infinities and NaN, seen and made by their bits."""

from __future__ import annotations

from thalweg.compiler.render.wgsl.functions import functions

__all__ = ["HELPERS"]

# Compilers may take NaN and infinities for impossible where they see them in arithmetic, and WGSL
# refuses them as constants.
HELPERS = functions("""
fn from_bits(bits: u32) -> f32 {
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn is_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

fn is_infinite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u;
}

fn with_sign_of(x: f32, y: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(y) & 0x80000000u));
}

fn max_f32(x: f32, y: f32) -> f32 {
  return select(select(y, x, x > y), x, is_nan(x));
}

fn min_f32(x: f32, y: f32) -> f32 {
  return select(select(y, x, x < y), x, is_nan(x));
}

fn sign_f32(x: f32) -> f32 {
  return select(select(select(0.0f, x, is_nan(x)), -1.0f, x < 0.0f), 1.0f, x > 0.0f);
}
""")
