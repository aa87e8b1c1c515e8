"""log, log2, log10, log1p, and the inverse hyperbolic functions made of them.

x = 2 ** n * (1 + f) with |f| <= 1/3, and log(1 + f) = f - f * f / 2 + f ** 3 * P(f) with a minimax
P. Nothing relies on sums that are rounded in one order and no other, which a compiler may change.
"""

from __future__ import annotations

from thalweg.compiler.render.polynomials import LOG
from thalweg.compiler.render.wgsl.functions import functions, polynomial

__all__ = ["HELPERS"]


HELPERS = functions(f"""
fn log_parts(x: f32) -> vec2<f32> {{
  let small = x < 1.17549435e-38f;
  let bits = bitcast<i32>(select(x, x * 8388608.0f, small));
  let high = (bits - 0x3f2aaaab) & -8388608;
  let n = f32(high >> 23u) - select(0.0f, 23.0f, small);
  return vec2<f32>(n, bitcast<f32>(bits - high) - 1.0f);
}}

fn log1p_near_zero(f: f32, rest: f32) -> f32 {{
  let square = f * f;
  return f + (square * -0.5f + ({polynomial("f", LOG)} * f * square + rest));
}}

fn log_finished(x: f32, y: f32) -> f32 {{
  let outside = select(from_bits(0x7fc00000u), from_bits(0xff800000u), x == 0.0f);
  return select(outside, select(x, y, is_finite(x)), x > 0.0f || is_nan(x));
}}

fn log_f32(x: f32) -> f32 {{
  let p = log_parts(x);
  return log_finished(x, p.x * 0.693359375f + log1p_near_zero(p.y, p.x * -2.12194440e-4f));
}}

fn log2_f32(x: f32) -> f32 {{
  let p = log_parts(x);
  return log_finished(x, log1p_near_zero(p.y, 0.0f) * 1.44269504f + p.x);
}}

fn log10_f32(x: f32) -> f32 {{
  let p = log_parts(x);
  let y = log1p_near_zero(p.y, 0.0f) * 0.434294482f + p.x * 4.60503898e-6f;
  return log_finished(x, p.x * 0.301025391f + y);
}}

fn log1p_f32(x: f32) -> f32 {{
  let near = abs(x) < 0.333f;
  let f = select(0.0f, x, near);
  return select(log_f32(1.0f + x), log1p_near_zero(f, 0.0f), near);
}}

fn arcsinh_f32(x: f32) -> f32 {{
  let size = abs(x);
  let far = size > 268435456.0f;
  let near = select(size, 0.0f, far);
  let square = near * near;
  let moderate = log1p_f32(near + square / (sqrt(square + 1.0f) + 1.0f));
  return with_sign_of(select(moderate, log_f32(size) + 0.693147181f, far || is_nan(x)), x);
}}

fn arccosh_f32(x: f32) -> f32 {{
  let far = x > 268435456.0f;
  let t = select(max(x - 1.0f, 0.0f), 0.0f, far);
  let y = select(log1p_f32(t + sqrt(t * t + t * 2.0f)), log_f32(x) + 0.693147181f, far);
  return select(from_bits(0x7fc00000u), y, x >= 1.0f);
}}

fn arctanh_f32(x: f32) -> f32 {{
  let size = abs(x);
  let y = log1p_f32(size * 2.0f / (1.0f - select(size, 0.0f, size >= 1.0f))) * 0.5f;
  let outside = select(from_bits(0x7fc00000u), from_bits(0x7f800000u), size == 1.0f);
  return with_sign_of(select(outside, y, size < 1.0f), x);
}}
""")
