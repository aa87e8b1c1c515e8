"""arcsin, arccos, arctan and arctan2."""

from __future__ import annotations

from thalweg.compiler.render.wgsl.functions import functions, polynomial

__all__ = ["HELPERS"]

# (atan(t) - t) / t ** 3 for |t| <= tan(pi / 8) and (asin(t) - t) / t ** 3 for |t| <= 1/2 in t * t,
# highest power first (Cephes, atanf and asinf).
_ARCTAN = (8.05374449538e-2, -1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1)
_ARCSIN = (
    4.2163199048e-2,
    2.4181311049e-2,
    4.5470025998e-2,
    7.4953002686e-2,
    1.6666752422e-1,
)

HELPERS = functions(f"""
fn arctan_of_ratio(top: f32, bottom: f32) -> f32 {{
  let low = top <= bottom * 0.414213562f;
  let high = top > bottom * 2.41421356f;
  let upper = select(select(top - bottom, -bottom, high), top, low);
  let lower = select(select(top + bottom, top, high), bottom, low);
  let t = upper / lower;
  let z = t * t;
  let base = select(select(0.785398163f, 1.57079633f, high), 0.0f, low);
  return base + (t + ({polynomial("z", _ARCTAN)} * z * t - base * 2.78275352e-8f));
}}

fn arctan_f32(x: f32) -> f32 {{
  let y = arctan_of_ratio(min(abs(x), 1.15292150e18f), 1.0f);
  return select(with_sign_of(y, x), x, is_nan(x));
}}

fn arctan2_f32(y: f32, x: f32) -> f32 {{
  if (is_nan(x) || is_nan(y)) {{
    return from_bits(0x7fc00000u);
  }}
  var top = abs(y);
  var bottom = abs(x);
  if (is_infinite(x) || is_infinite(y)) {{
    top = select(0.0f, 1.0f, is_infinite(y));
    bottom = select(0.0f, 1.0f, is_infinite(x));
  }} else if (top == 0.0f && bottom == 0.0f) {{
    bottom = 1.0f;
  }} else {{
    // Neither the sum nor the quotient may leave the range.
    let large = max(top, bottom);
    let up = select(1.0f, 1.84467441e19f, large < 1.0e-30f);
    let factor = select(up, 9.76562500e-4f, large > 1.0e36f);
    top *= factor;
    bottom *= factor;
  }}
  let angle = arctan_of_ratio(top, bottom);
  let left = 3.14159265f - (angle + 8.74227766e-8f);
  return with_sign_of(select(angle, left, bitcast<i32>(x) < 0), y);
}}

fn arcsin_small(t: f32) -> f32 {{
  let z = t * t;
  return {polynomial("z", _ARCSIN)} * z * t + t;
}}

fn arcsin_f32(x: f32) -> f32 {{
  let size = abs(x);
  let outer = size > 0.5f;
  let small = arcsin_small(select(size, sqrt(max(1.0f - size, 0.0f) * 0.5f), outer));
  let y = select(small, 1.57079633f - (small * 2.0f + 4.37113883e-8f), outer);
  return select(from_bits(0x7fc00000u), with_sign_of(y, x), size <= 1.0f);
}}

fn arccos_f32(x: f32) -> f32 {{
  let size = abs(x);
  let outer = size > 0.5f;
  let small = arcsin_small(select(x, sqrt(max(1.0f - size, 0.0f) * 0.5f), outer));
  let inner = 1.57079633f - (small + 4.37113883e-8f);
  let twice = small * 2.0f;
  let left = 3.14159265f - (twice + 8.74227766e-8f);
  let y = select(inner, select(twice, left, x < 0.0f), outer);
  return select(from_bits(0x7fc00000u), y, size <= 1.0f);
}}
""")
