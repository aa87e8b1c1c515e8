"""erf, erfc and erfinv: minimax polynomials near zero, the reference's rational ones beyond."""

from __future__ import annotations

from thalweg.compiler.render.polynomials import ERF_NEAR, ERFC_FAR
from thalweg.compiler.render.wgsl.functions import functions, polynomial
from thalweg.primitives.special import error_function as reference

__all__ = ["HELPERS"]


HELPERS = functions(f"""
fn erf_near_zero(x: f32) -> f32 {{
  let z = x * x;
  return {polynomial("z", ERF_NEAR)} * x + x;
}}

fn erf_f32(x: f32) -> f32 {{
  let size = abs(x);
  let end = min(size, 4.0f);
  let far = 1.0f - exp_times({polynomial("end", ERFC_FAR)} * end, 0);
  let y = select(erf_near_zero(size), far, size > 0.93f);
  return select(with_sign_of(y, x), x, is_nan(x));
}}

fn erfc_tail(size: f32) -> f32 {{
  let x = min(size, 12.0f);
  let middle = min(x, 4.0f);
  let w = 1.0f / (x * x);
  var top = {polynomial("middle", reference.ERFC_P)};
  var bottom = {polynomial("middle", reference.ERFC_Q)};
  if (x > 4.0f) {{
    let q = {polynomial("w", reference.TAIL_Q)};
    top = q * 0.564189584f - w * {polynomial("w", reference.TAIL_P)};
    bottom = q * x;
  }}
  // x * x in two parts, the first one exact.
  let high = bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
  let rest = (x - high) * (x + high);
  return exp_f32(-high * high) * exp_f32(-rest) * (top / bottom);
}}

fn erfc_f32(x: f32) -> f32 {{
  let size = abs(x);
  let tail = erfc_tail(max(size, 0.46875f));
  let far = select(tail, 2.0f - tail, x < 0.0f);
  return select(select(1.0f - erf_near_zero(x), far, size > 0.46875f), x, is_nan(x));
}}

fn erfinv_f32(x: f32) -> f32 {{
  let size = abs(x);
  let q = size * 0.5f;
  let z = 0.180625f - q * q;
  let middle = q * ({polynomial("z", reference.PPND_MIDDLE[0])}
    / {polynomial("z", reference.PPND_MIDDLE[1])});
  let r = sqrt(max(-log_f32((1.0f - min(size, 0.99999997f)) * 0.5f), 0.0f)) - 1.6f;
  let tail = {polynomial("r", reference.PPND_TAIL[0])} / {polynomial("r", reference.PPND_TAIL[1])};
  let y = select(tail, middle, size <= 0.85f) * 0.707106781f;
  let outside = select(from_bits(0x7fc00000u), from_bits(0x7f800000u), size == 1.0f);
  return with_sign_of(select(outside, y, size < 1.0f), x);
}}
""")
