"""exp, exp2, expm1, and what is made of them: sigmoid, tanh, sinh, cosh.

x = n log(2) + r with |r| <= log(2) / 2, and exp(r) = 1 + r + r * r * P(r) with a minimax P.
WGSL's own exp and tanh may be far off.
"""

from __future__ import annotations

from thalweg.compiler.render.polynomials import EXP, TANH
from thalweg.compiler.render.wgsl.functions import functions, polynomial

__all__ = ["HELPERS"]


HELPERS = functions(f"""
fn power_of_two(n: i32) -> f32 {{
  return bitcast<f32>((n + 127) << 23u);
}}

fn scaled(x: f32, n: i32) -> f32 {{
  let half = n >> 1u;
  return x * power_of_two(half) * power_of_two(n - half);
}}

fn expm1_near_zero(r: f32) -> f32 {{
  return r * r * {polynomial("r", EXP)} + r;
}}

fn log_2_rest(x: f32, n: f32) -> f32 {{
  return (x - n * 0.693359375f) + n * 2.12194440e-4f;
}}

fn exp_times(x: f32, shift: i32) -> f32 {{
  let n = round(x * 1.44269504f);
  return scaled(expm1_near_zero(log_2_rest(x, n)) + 1.0f, i32(n) + shift);
}}

fn exp_f32(x: f32) -> f32 {{
  return select(exp_times(clamp(x, -104.0f, 89.0f), 0), x, is_nan(x));
}}

fn exp2_f32(x: f32) -> f32 {{
  let c = clamp(x, -152.0f, 129.0f);
  let n = round(c);
  let y = scaled(expm1_near_zero((c - n) * 0.693147181f) + 1.0f, i32(n));
  return select(y, x, is_nan(x));
}}

fn expm1_f32(x: f32) -> f32 {{
  let c = clamp(x, -60.0f, 89.0f);
  let n = round(c * 1.44269504f);
  let half = power_of_two(i32(n) - 1);
  let y = (half * expm1_near_zero(log_2_rest(c, n)) + (half - 0.5f)) * 2.0f;
  return select(with_sign_of(y, x), x, is_nan(x));
}}

fn sigmoid_f32(x: f32) -> f32 {{
  let e = exp_times(max(-abs(x), -104.0f), 0);
  return select(select(1.0f, e, x < 0.0f) / (e + 1.0f), x, is_nan(x));
}}

fn tanh_f32(x: f32) -> f32 {{
  let size = abs(x);
  let z = size * size;
  let near = {polynomial("z", TANH)} * z * size + size;
  let far = 1.0f - 2.0f / (exp_times(min(size, 10.0f) * 2.0f, 0) + 1.0f);
  return select(with_sign_of(select(near, far, size > 0.55f), x), x, is_nan(x));
}}

fn sinh_f32(x: f32) -> f32 {{
  let size = abs(x);
  let half = exp_times(min(size, 90.0f), -1);
  let t = expm1_f32(min(size, 1.0f));
  let y = select(half - 0.25f / half, (t + t / (t + 1.0f)) * 0.5f, size < 1.0f);
  return select(with_sign_of(y, x), x, is_nan(x));
}}

fn cosh_f32(x: f32) -> f32 {{
  let half = exp_times(min(abs(x), 90.0f), -1);
  return select(half + 0.25f / half, x, is_nan(x));
}}
""")
