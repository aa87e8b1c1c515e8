"""sin, cos and tan of any argument, reduced to |r| <= pi / 4 and a quadrant.

Up to 2048: x - n pi/2 with pi/2 in three parts whose products with n are exact. Larger ones: Payne
and Hanek's method, x * 2/pi modulo 4 in integers. WGSL's own may be off by 2 ** -11.
"""

from __future__ import annotations

from thalweg.compiler.render.polynomials import COS, SIN
from thalweg.compiler.render.wgsl.functions import functions, polynomial

__all__ = ["HELPERS"]

# The first 224 bits of 2 / pi, in words of 32 bits.
_TWO_OVER_PI = "0xA2F9836Eu, 0x4E441529u, 0xFC2757D1u, 0xF534DDC0u, 0xDB629599u, 0x3C439041u"

HELPERS = functions(f"""
fn high_product(a: u32, b: u32) -> u32 {{
  let low = (a & 0xffffu) * (b & 0xffffu);
  let one = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (one & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (one >> 16u) + (other >> 16u);
}}

fn reduced_far(x: f32) -> vec2<f32> {{
  var bits_of_ratio = array<u32, 8>(0u, {_TWO_OVER_PI}, 0xFE5163ABu);
  let bits = bitcast<u32>(x);
  let fraction = (bits & 0x7fffffu) | 0x800000u;
  // Bits that stand for multiples of 4 in the product are left out.
  let place = ((bits >> 23u) & 0xffu) - 120u;
  let word = min(place >> 5u, 4u);
  let shift = place & 31u;
  var window: array<u32, 3>;
  for (var k = 0u; k < 3u; k++) {{
    let first = bits_of_ratio[word + k];
    let next = bits_of_ratio[word + k + 1u] >> 1u;
    window[k] = (first << shift) | (next >> (31u - shift));
  }}
  // The product modulo 4, with 62 bits after the point, in two words.
  let part = fraction * window[1];
  let low = part + high_product(fraction, window[2]);
  let carry = select(0u, 1u, low < part);
  let high = fraction * window[0] + high_product(fraction, window[1]) + carry;
  let quadrant = (high + 0x20000000u) >> 30u;
  let rest = f32(bitcast<i32>(high - (quadrant << 30u))) + f32(low) * 2.32830644e-10f;
  let r = rest * 1.46291808e-9f;
  let turned = f32(select(quadrant, (4u - quadrant) & 3u, x < 0.0f));
  return vec2<f32>(select(r, -r, x < 0.0f), turned);
}}

fn reduced(x: f32) -> vec2<f32> {{
  if (!is_finite(x)) {{
    return vec2<f32>(from_bits(0x7fc00000u), 0.0f);
  }}
  if (abs(x) >= 2048.0f) {{
    return reduced_far(x);
  }}
  let n = round(x * 0.636619772f);
  let r = ((x - n * 1.5703125f) - n * 4.83751297e-4f) - n * 7.54978995e-8f;
  return vec2<f32>(r, n);
}}

fn sin_near_zero(r: f32) -> f32 {{
  let z = r * r;
  return {polynomial("z", SIN)} * z * r + r;
}}

fn cos_near_zero(r: f32) -> f32 {{
  let z = r * r;
  return 1.0f - (z * 0.5f - {polynomial("z", COS)} * z * z);
}}

fn circular(x: f32, turn: i32) -> f32 {{
  let p = reduced(x);
  let quadrant = i32(p.y) + turn;
  let y = select(cos_near_zero(p.x), sin_near_zero(p.x), (quadrant & 1) == 0);
  return select(y, -y, (quadrant & 2) != 0);
}}

fn sin_f32(x: f32) -> f32 {{
  return select(circular(x, 0), x, x == 0.0f);
}}

fn cos_f32(x: f32) -> f32 {{
  return circular(x, 1);
}}

fn tan_f32(x: f32) -> f32 {{
  let p = reduced(x);
  let sine = sin_near_zero(p.x);
  let cosine = cos_near_zero(p.x);
  let even = (i32(p.y) & 1) == 0;
  let y = select(-cosine, sine, even) / select(sine, cosine, even);
  return select(y, x, x == 0.0f);
}}
""")
