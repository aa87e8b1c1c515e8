"""Objects of LLVM become modules."""

import json
import subprocess

import pytest

from thalweg.compiler.target import SIMD128
from thalweg.web.wasm.assemble import compiled_object
from thalweg.web.wasm.leb import read_unsigned, signed, unsigned
from thalweg.web.wasm.link import link


@pytest.mark.parametrize(
    ("value", "encoded"), [(0, b"\0"), (127, b"\x7f"), (128, b"\x80\1"), (624485, b"\xe5\x8e\x26")]
)
def test_unsigned_numbers(value, encoded):
    assert unsigned(value) == encoded
    assert read_unsigned(b"?" + encoded + b"?", 1) == (value, 1 + len(encoded))


@pytest.mark.parametrize(
    ("value", "encoded"),
    [(0, b"\0"), (63, b"\x3f"), (64, b"\xc0\0"), (-1, b"\x7f"), (-65, b"\xbf\x7f")],
)
def test_signed_numbers(value, encoded):
    assert signed(value) == encoded


PROGRAM = """
@table = internal constant [3 x i32] [i32 5, i32 7, i32 11]
@where = internal constant ptr @table

define internal i32 @third(ptr %p) noinline {
  %q = getelementptr i32, ptr %p, i32 2
  %v = load i32, ptr %q
  ret i32 %v
}

define i32 @sum(i32 %x) {
  %p = load volatile ptr, ptr @where
  %t = call i32 @third(ptr %p)
  %room = alloca [64 x i32]
  %at = getelementptr i32, ptr %room, i32 %x
  store volatile i32 %t, ptr %at
  %back = load volatile i32, ptr %at
  %s = add i32 %back, %x
  ret i32 %s
}
"""

SCRIPT = """
const [bytes, at] = JSON.parse(process.argv[1]);
const memory = new WebAssembly.Memory({initial: 3, maximum: 65536});
const __stack_pointer = new WebAssembly.Global({value: 'i32', mutable: true}, 65536);
const module = new WebAssembly.Module(new Uint8Array(bytes));
const {exports} = new WebAssembly.Instance(module, {env: {memory, __stack_pointer}});
console.log(JSON.stringify({
  imports: WebAssembly.Module.imports(module).map(x => x.module + '.' + x.name),
  exports: Object.keys(exports), sum: exports.sum(4), stack: __stack_pointer.value,
  own: Array.from(new Uint8Array(memory.buffer, at, 4)),
}));
"""


def test_a_linked_module_runs_in_node():
    code = compiled_object(PROGRAM, SIMD128)
    module = link(code, ["sum"], 70_000, {131_072: b"\1\2\3\4"}, 3)
    assert module.end >= 70_000 + 16
    given = json.dumps([list(module.content), 131_072])
    run = subprocess.run(["node", "-e", SCRIPT, given], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == {
        "imports": ["env.memory", "env.__stack_pointer"],
        "exports": ["sum"],
        "sum": 15,
        "stack": 65536,
        "own": [1, 2, 3, 4],
    }


def test_functions_from_outside_are_refused():
    text = """
    declare i32 @far(i32)
    define i32 @near(i32 %x) {
      %y = call i32 @far(i32 %x)
      ret i32 %y
    }
    """
    with pytest.raises(ValueError, match="needs the function far, which a page does not have"):
        link(compiled_object(text, SIMD128), ["near"], 1024, {})
