"""KernelShader: one kernel as a WGSL entry point, and how many workgroups run it.

    @compute @workgroup_size(size)
    fn main(@builtin(workgroup_id) wg: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>,
            @builtin(local_invocation_index) lane: u32)

The grid has one dimension: the group is `wg.x + wg.y * grid.x`, for more than 65535 groups are laid
out in rows; groups beyond the count return at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from thalweg.compiler.dims import ONE, ZERO, Dim

__all__ = ["BINDINGS", "Count", "KernelShader", "entry", "module"]

# The one buffer that holds everything, and the numbers of a run: n, then the turns of the scans.
BINDINGS = """\
@group(0) @binding(0) var<storage, read_write> m: array<{element}>;
@group(0) @binding(1) var<uniform> u: array<vec4<u32>, 2>;
"""


@dataclass(frozen=True, slots=True)
class Count:
    """`ceil(dim / per)` at the batch size of a run."""

    dim: Dim = ONE
    per: int = 1

    def at(self, n: int) -> int:
        """The number for a batch of n."""
        return -(-self.dim.at(n) // self.per)


@dataclass(slots=True, eq=False)
class KernelShader:
    """A rendered kernel.

    Attributes:
        code: bindings, workgroup variables and the entry point; two kernels with the same code are
            one.
        helpers: the functions that it calls, by name; they are put before it.
        groups: the number of workgroups is the product of these counts.
        size: invocations of a workgroup.
        features: what must be enabled (`f16`, `subgroups`).
        flops: floating-point operations, for the cost model and `explain`.
        bytes: what it reads and writes, for the same.
    """

    code: str
    helpers: dict[str, str]
    groups: tuple[Count, ...]
    size: int = 64
    features: frozenset[str] = frozenset()
    flops: Dim = field(default=ZERO)
    bytes: Dim = field(default=ZERO)

    def count(self, n: int) -> int:
        """The number of workgroups for a batch of n."""
        return prod(count.at(n) for count in self.groups)


def module(shader: KernelShader) -> str:
    """The whole text of a shader, as a device takes it."""
    enabled = "".join(f"enable {name};\n" for name in sorted(shader.features))
    return "\n".join([enabled, *shader.helpers.values(), shader.code])


def entry(
    body: list[str],
    size: int,
    groups: str | None,
    declarations: list[str],
    element: str = "u32",
    builtins: str = "",
) -> str:
    """The code of a kernel around the lines of its body.

    Args:
        body: the lines, which find `group` (i32), `lane` (u32) and `thread` (the lane as i32).
        size: invocations of a workgroup.
        groups: their number as a u32 expression of uniform values; None if there is but one.
        declarations: workgroup variables.
        element: of the memory `m`.
        builtins: further parameters of the entry point.
    """
    head = BINDINGS.format(element=element) + "".join(f"{line}\n" for line in declarations)
    lines = [
        head + f"@compute @workgroup_size({size})",
        "fn main(@builtin(workgroup_id) wg: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>,",
        f"        @builtin(local_invocation_index) lane: u32{builtins}) {{",
    ]
    if groups is None:
        lines.append("  let group = 0;")
    else:
        lines.append("  let group = i32(wg.x + wg.y * grid.x);")
        lines.append(f"  if (group >= {groups}) {{ return; }}")
    lines += ["  let thread = i32(lane);", *body, "}", ""]
    return "\n".join(lines)
