"""float16 and bfloat16 as float32 numbers: rounded to nearest even, and their bits."""

from __future__ import annotations

from thalweg.compiler.render.wgsl.functions import functions

__all__ = ["HELPERS"]

# By integers: a device may flush denormals, round otherwise or lack float16.
HELPERS = functions("""
fn bits_of_float16(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  let sign = (bits ^ size) >> 16u;
  if (size > 0x7f800000u) {
    return sign | 0x7e00u | ((size >> 13u) & 0x1ffu);
  }
  if (size >= 0x47800000u) {
    return sign | 0x7c00u;
  }
  if (size >= 0x38800000u) {
    return sign | ((size + 0xc8000fffu + ((size >> 13u) & 1u)) >> 13u);
  }
  // Adding 0.5 puts float32's last bit where float16's denormals have theirs.
  return sign | (bitcast<u32>(bitcast<f32>(size) + 0.5f) - 0x3f000000u);
}

fn float16_of_bits(bits: u32) -> f32 {
  let size = bits & 0x7fffu;
  var found = (size << 13u) + 0x38000000u;
  if (size >= 0x7c00u) {
    found = (size << 13u) | 0x7f800000u;
  }
  if (size < 0x400u) {
    found = bitcast<u32>(f32(size) * 5.96046448e-8f);
  }
  return bitcast<f32>(found | ((bits & 0x8000u) << 16u));
}

fn round_float16(x: f32) -> f32 {
  return float16_of_bits(bits_of_float16(x));
}

fn bits_of_bfloat16(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let high = bits >> 16u;
  // Adding could carry a NaN's bits to infinity or beyond; the quiet bit keeps it one.
  return select((bits + 0x7fffu + (high & 1u)) >> 16u, high | 0x40u, is_nan(x));
}

fn bfloat16_of_bits(bits: u32) -> f32 {
  return bitcast<f32>(bits << 16u);
}

fn round_bfloat16(x: f32) -> f32 {
  return bitcast<f32>(bits_of_bfloat16(x) << 16u);
}
""")
