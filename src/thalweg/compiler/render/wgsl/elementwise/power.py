"""Powers and roots of floats.

x ** y takes the logarithm to base 2 in two numbers, as fdlibm's powf does; the upper ones are cut
short by their bits, so that products of them are exact however a compiler rounds the rest.
"""

from __future__ import annotations

from thalweg.compiler.render.wgsl.functions import functions

__all__ = ["HELPERS"]

HELPERS = functions("""
fn upper_half(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
}

fn log2_in_two(size: f32) -> vec2<f32> {
  let small = size < 1.17549435e-38f;
  let bits = bitcast<u32>(select(size, size * 16777216.0f, small));
  var n = i32(bits >> 23u) - select(127, 151, small);
  let fraction = bits & 0x7fffffu;
  var one_bits = fraction | 0x3f800000u;
  let middle = fraction > 0x1cc471u && fraction < 0x5db3d7u;
  if (fraction >= 0x5db3d7u) {
    n += 1;
    one_bits -= 0x800000u;
  }
  let ax = bitcast<f32>(one_bits);
  let center = select(1.0f, 1.5f, middle);
  let top = ax - center;
  let inverse = 1.0f / (ax + center);
  let s = top * inverse;
  let s_high = upper_half(s);
  let step = select(0u, 0x200000u, middle);
  let t_high = bitcast<f32>((((one_bits >> 1u) & 0xfffff000u) | 0x20000000u) + 0x400000u + step);
  let t_low = ax - (t_high - center);
  let s_low = inverse * ((top - s_high * t_high) - s_high * t_low);
  let z = s * s;
  var r = z * z * (0.6f + z * (0.42857143f + z * (0.33333334f + z * (0.27272812f
    + z * (0.23066075f + z * 0.20697501f)))));
  r += s_low * (s_high + s);
  let square = s_high * s_high;
  let series = upper_half(3.0f + square + r);
  let series_low = r - ((series - 3.0f) - square);
  let u_high = s_high * series;
  let u_low = s_low * series + series_low * s;
  let p_high = upper_half(u_high + u_low);
  let p_low = u_low - (p_high - u_high);
  let z_high = 0.961914063f * p_high;
  let z_low = -1.17368574e-4f * p_high + p_low * 0.961796701f
    + select(0.0f, 1.56322085e-6f, middle);
  let shift = select(0.0f, 0.584960938f, middle);
  let whole = f32(n);
  let high = upper_half(((z_high + z_low) + shift) + whole);
  return vec2<f32>(high, z_low - (((high - whole) - shift) - z_high));
}

fn power_of_size(size: f32, y: f32) -> f32 {
  let l = log2_in_two(size);
  let y_high = upper_half(y);
  let low = (y - y_high) * l.x + y * l.y;
  let high = y_high * l.x;
  let sum = clamp(low + high, -152.0f, 129.0f);
  let n = round(sum);
  // Far out, where the parts may be anything, the rest does not matter.
  let rest = clamp((high - n) + low, -1.0f, 1.0f);
  return scaled(expm1_near_zero(rest * 0.693147181f) + 1.0f, i32(n));
}

fn power_f32(x: f32, y: f32) -> f32 {
  if (x == 1.0f || y == 0.0f) {
    return 1.0f;
  }
  if (is_nan(x) || is_nan(y)) {
    return from_bits(0x7fc00000u);
  }
  let size = abs(x);
  let infinity = from_bits(0x7f800000u);
  var result: f32;
  if (size == 1.0f) {
    result = 1.0f;
  } else if (size == 0.0f || is_infinite(x)) {
    result = select(0.0f, infinity, (size == 0.0f) == (y < 0.0f));
  } else if (is_infinite(y)) {
    result = select(0.0f, infinity, (size > 1.0f) == (y > 0.0f));
  } else {
    result = power_of_size(size, y);
  }
  if (bitcast<i32>(x) < 0) {
    let whole = floor(y) == y;
    if (!whole && size > 0.0f && is_finite(x)) {
      return from_bits(0x7fc00000u);
    }
    let half = y * 0.5f;
    if (whole && floor(half) != half) {
      return -result;
    }
  }
  return result;
}

fn cbrt_f32(x: f32) -> f32 {
  let size = abs(x);
  let small = size < 1.17549435e-38f;
  let scaled_up = select(size, size * 16777216.0f, small);
  var root = bitcast<f32>(bitcast<u32>(scaled_up) / 3u + 709921077u);
  for (var i = 0; i < 3; i++) {
    root = root - (root - scaled_up / (root * root)) * 0.333333333f;
  }
  let result = with_sign_of(select(root, root * 0.00390625f, small), x);
  return select(x, result, size > 0.0f && is_finite(x));
}
""")
