"""lgamma: the reference's formulas."""

from __future__ import annotations

import math

from thalweg.compiler.render.wgsl.functions import functions, number, polynomial
from thalweg.primitives.special.gamma import BERNOULLI, LOG_GAMMA_AT_2

__all__ = ["HELPERS"]

# Terms beyond these are smaller than a float32 can tell from nothing.
_STIRLING = tuple(BERNOULLI[k - 1] / (2 * k * (2 * k - 1)) for k in range(4, 0, -1))
_HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)
_AT_2 = (*reversed(LOG_GAMMA_AT_2[:13]), 0.0)

HELPERS = functions(f"""
fn lgamma_right(x: f32) -> f32 {{
  if (x >= 8.0f) {{
    let w = 1.0f / (x * x);
    let series = {polynomial("w", _STIRLING)} / x;
    return (x - 0.5f) * (log_f32(x) - 1.0f) + (series + {number(_HALF_LOG_2_PI - 0.5)});
  }}
  let steps = floor(x - 1.5f);
  let rest = x - (steps + 2.0f);
  var product = 1.0f;
  for (var k = 1.0f; k <= steps; k += 1.0f) {{
    product *= x - k;
  }}
  let near = {polynomial("rest", _AT_2)};
  if (steps <= -2.0f) {{
    return near - log_f32(abs(rest)) - log1p_f32(rest);
  }}
  if (steps <= -1.0f) {{
    return near - log1p_f32(rest);
  }}
  return near + log_f32(product);
}}

fn lgamma_f32(x: f32) -> f32 {{
  if (is_nan(x)) {{
    return x;
  }}
  if (is_infinite(x)) {{
    return abs(x);
  }}
  if (x >= -0.5f) {{
    return lgamma_right(x);
  }}
  let sine = abs(circular((x - round(x)) * {number(math.pi)}, 0));
  return {number(math.log(math.pi))} - log_f32(sine) - lgamma_right(1.0f - x);
}}
""")
