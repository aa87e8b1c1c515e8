"""Graphs are drawn in layers: no boxes overlap, all edges point one way and run past the boxes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thalweg.viz.layout import layout
from thalweg.viz.layout.layers import layers_of
from thalweg.viz.layout.order import Layered, _crossings, ordered

GAP = (10.0, 30.0)


@st.composite
def graphs(draw):
    count = draw(st.integers(1, 16))
    lengths = st.floats(5, 120)
    sizes = [(draw(lengths), draw(lengths)) for _ in range(count)]
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    edges = [(min(p), max(p)) for p in draw(st.lists(pairs, max_size=30)) if p[0] != p[1]]
    # Any numbering of the boxes, not only one along the edges.
    names = draw(st.permutations(range(count)))
    return sizes, [(names[u], names[v]) for u, v in edges]


def box(drawn, sizes, v):
    (x, y), (w, h) = drawn.places[v], sizes[v]
    return np.array([x - w / 2, y - h / 2]), np.array([x + w / 2, y + h / 2])


def meets(start, end, low, high):
    """Whether a line runs through the inside of a box (Liang and Barsky 1984)."""
    low, high = low + 1e-6, high - 1e-6
    start, way = np.array(start), np.subtract(end, start)
    first, last = 0.0, 1.0
    for axis in range(2):
        if abs(way[axis]) < 1e-12:
            if not low[axis] < start[axis] < high[axis]:
                return False
            continue
        a, b = sorted((side[axis] - start[axis]) / way[axis] for side in (low, high))
        first, last = max(first, a), min(last, b)
    return first < last


@given(graphs(), st.sampled_from(["TB", "LR"]))
@settings(max_examples=60, deadline=None)
def test_every_drawing_is_in_order(graph, direction):
    sizes, edges = graph
    drawn = layout(sizes, edges, direction=direction, gap=GAP)
    assert drawn == layout(sizes, edges, direction=direction, gap=GAP)
    boxes = [box(drawn, sizes, v) for v in range(len(sizes))]
    along = 1 if direction == "TB" else 0
    for (low, high), (other_low, other_high) in itertools.combinations(boxes, 2):
        apart = np.maximum(other_low - high, low - other_high)
        wanted = np.array(GAP)[[0, 1] if direction == "TB" else [1, 0]]
        assert (apart >= wanted - 1e-6).any()
    for low, high in boxes:
        assert (low >= -1e-6).all()
        assert (high <= np.array([drawn.width, drawn.height]) + 1e-6).all()
    assert len(drawn.routes) == len(edges)
    for i, ((u, v), route) in enumerate(zip(edges, drawn.routes, strict=True)):
        for (low, high), at, far in ((boxes[u], route[0], high_of), (boxes[v], route[-1], low_of)):
            assert at[along] == pytest.approx(far(low, high)[along])
            assert low[1 - along] < at[1 - along] < high[1 - along]
        steps = np.diff(np.array(route), axis=0)
        assert (steps[:, along] > 0).all()
        for a, b in itertools.pairwise(route):
            assert not any(meets(a, b, *each) for each in boxes)
        corners = [p for p, *_ in drawn.curve(i)] + [drawn.curve(i)[-1][-1]]
        assert corners == route


def high_of(low, high):
    return high


def low_of(low, high):
    return low


@given(graphs())
@settings(max_examples=25, deadline=None)
def test_curves_run_past_the_boxes(graph):
    sizes, edges = graph
    drawn = layout(sizes, edges, gap=GAP)
    boxes = [box(drawn, sizes, v) for v in range(len(sizes))]
    t = np.linspace(0, 1, 40)[:, None]
    for i in range(len(edges)):
        for p, a, b, q in np.array(drawn.curve(i)):
            points = (1 - t) ** 3 * p + 3 * (1 - t) ** 2 * t * a + 3 * (1 - t) * t**2 * b + t**3 * q
            for low, high in boxes:
                assert not ((points > low + 1e-6) & (points < high - 1e-6)).all(axis=1).any()


def test_a_chain_is_a_straight_line():
    drawn = layout([(30, 10), (90, 20), (10, 10), (50, 10)], [(0, 1), (1, 2), (2, 3)], gap=GAP)
    assert [x for x, _ in drawn.places] == [45] * 4
    assert [y for _, y in drawn.places] == [5, 50, 95, 135]
    assert drawn.routes[0] == [(45, 10), (45, 40)]
    assert (drawn.width, drawn.height) == (90, 140)


def test_from_the_left_to_the_right():
    drawn = layout([(30, 10), (90, 20)], [(0, 1)], direction="LR", gap=GAP)
    assert drawn.places == [(15, 10), (105, 10)]
    assert drawn.routes == [[(30, 10), (60, 10)]]


def test_a_long_edge_is_straight_beside_the_boxes():
    sizes = [(40, 20)] * 5
    drawn = layout(sizes, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)], gap=GAP)
    xs = {x for x, y in drawn.routes[-1][1:-1]}
    assert len(xs) == 1


def test_branches_are_symmetrical():
    drawn = layout([(40, 20)] * 4, [(0, 1), (0, 2), (1, 3), (2, 3)], gap=GAP)
    (top, _), (left, _), (right, _), (bottom, _) = drawn.places
    assert top == bottom == (left + right) / 2


def test_edges_between_the_same_boxes_lie_side_by_side():
    drawn = layout([(40, 20)] * 2, [(0, 1), (0, 1)], gap=GAP)
    (one, _), (other, _) = drawn.routes
    assert one[0] < 20 < other[0]


def test_boxes_stand_near_what_they_lead_to():
    # A second input, through a box of its own, into the end of a long chain.
    assert layers_of(6, [(0, 1), (1, 2), (2, 3), (4, 5), (5, 3)]) == [0, 1, 2, 3, 1, 2]
    # A short branch begins beside the long one.
    assert layers_of(5, [(0, 1), (1, 2), (2, 3), (0, 4), (4, 3)])[4] == 1


def test_ends_of_the_graph_can_be_set_apart():
    edges = [(0, 2), (1, 3), (2, 3), (3, 4), (2, 5)]
    drawn = layout([(20, 10)] * 6, edges, gap=GAP, first=[0, 1], last=[4, 5])
    ys = [y for _, y in drawn.places]
    assert ys[0] == ys[1] == 5
    assert ys[4] == ys[5] == drawn.height - 5
    assert 5 < ys[2] < ys[3] < ys[4]


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_edges_can_be_told_where_to_leave_and_enter(direction):
    sizes = [(40, 40)] * 2
    drawn = layout(sizes, [(0, 1)], direction=direction, gap=GAP, ports=[(-15, 12)])
    (start, end) = drawn.routes[0][0], drawn.routes[0][-1]
    across = 0 if direction == "TB" else 1
    assert (start[across], end[across]) == (5, 32)


def test_crossings_are_undone():
    edges = [(0, 5), (1, 4), (2, 3), (3, 8), (4, 7), (5, 6)]
    graph = Layered.of(layers_of(9, edges), edges)
    graph.rows = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert _crossings(graph) == 6
    assert _crossings(ordered(graph)) == 0


@pytest.mark.parametrize(
    ("sizes", "edges", "options", "words"),
    [
        ([(1, 1)] * 2, [(0, 1), (1, 0)], {}, "edges form a cycle"),
        ([(1, 1)], [(0, 0)], {}, "edges form a cycle"),
        ([(1, 1)], [(0, 1)], {}, r"edge \(0, 1\) names a box that is not among 1"),
        ([(1, 0)], [], {}, r"sizes\[0\] must be positive"),
        ([], [], {"direction": "BT"}, "direction must be 'TB' or 'LR', got 'BT'"),
        ([(1, 1)] * 2, [(0, 1)], {"first": [1]}, "leads to the first or from the last layer"),
        ([], [], {"gap": (0, 1)}, "gap must be two positive numbers"),
    ],
)
def test_bad_input_is_named(sizes, edges, options, words):
    with pytest.raises(ValueError, match=words):
        layout(sizes, edges, **options)


def test_nothing_is_drawn_of_nothing():
    drawn = layout([], [])
    assert (drawn.places, drawn.routes, drawn.width, drawn.height) == ([], [], 0, 0)
