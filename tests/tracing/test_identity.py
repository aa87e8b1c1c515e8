"""Objects in keys: by identity, without being kept alive."""

from __future__ import annotations

import gc

from hypothesis import given, settings
from hypothesis import strategies as st

import thalweg as tw
from thalweg.tracing.identity import Cache, Identity
from thalweg.tracing.signature import Signature


class Thing:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None


def test_objects_count_by_identity_whatever_they_say():
    a, b = Thing(), Thing()
    assert Identity(a) == Identity(a)
    assert Identity(a) != Identity(b)
    assert hash(Identity(a)) == hash(Identity(a))
    kept = Identity(a)
    del a
    gc.collect()
    assert kept == kept
    assert kept != Identity(b)


def test_entries_go_with_the_objects_of_their_key():
    cache: Cache[str] = Cache()
    a, b = Thing(), Thing()
    cache.add((1, (Identity(a), "x")), "first")
    cache.add((1, (Identity(b), "x")), "second")
    cache.add((1, 2), "third")
    assert cache.get((1, (Identity(a), "x"))) == "first"
    assert cache.get((1, (Identity(a), "y"))) is None
    del a
    gc.collect()
    assert cache.values() == ["second", "third"]
    assert cache.get((1, (Identity(b), "x"))) == "second"


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.floats(allow_nan=True),
    st.text(max_size=2),
    st.builds(lambda n: tw.constant([0.0] * n), st.integers(0, 3)),
)
STRUCTURES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    ),
    max_leaves=8,
)


def shape_of(x: object) -> object:
    """A structure with all that a key shall tell apart, as text."""
    if isinstance(x, dict):
        return repr([(k, shape_of(v)) for k, v in x.items()]) + "dict"
    if isinstance(x, (list, tuple)):
        return type(x).__name__ + repr([shape_of(v) for v in x])
    return f"{x.dtype}{x.shape}" if isinstance(x, tw.Tensor) else f"{type(x)}{x!r}"


@settings(max_examples=150, deadline=None)
@given(STRUCTURES, STRUCTURES)
def test_keys_are_equal_where_structures_are(first, second):
    signature = Signature(lambda x: x, "f")
    keys = [signature.call((x,), {}).key for x in (first, second, first)]
    assert keys[0] == keys[2]
    assert hash(keys[0]) == hash(keys[2])
    assert (keys[0] == keys[1]) == (shape_of(first) == shape_of(second))


@settings(max_examples=50, deadline=None)
@given(STRUCTURES)
def test_arguments_come_back_as_they_were(x):
    call = Signature(lambda x, *rest, **named: x, "f").call((x, 1), {"k": x})
    args, kwargs = call.arguments(call.leaves)
    assert [shape_of(a) for a in args] == [shape_of(x), shape_of(1)]
    assert shape_of(kwargs) == shape_of({"k": x})
    assert len(call.named_leaves()) == len(call.leaves)
