"""Every primitive is tested: one without an entry in a test file fails here."""

from __future__ import annotations

from tests.primitives import (
    test_attention,
    test_contract,
    test_control_flow,
    test_elementwise_table,
    test_gather,
    test_movement,
    test_order,
    test_random,
    test_reduce,
    test_window,
)
from thalweg.primitives import PRIMITIVES

# test_fft.py, test_host.py and test_linalg*.py take these; they are few and change seldom.
ELSEWHERE = {
    "fft": {"fft"},
    "host": {"check", "print"},
    "linalg": {
        "adjugate",
        "cholesky",
        "det",
        "eig",
        "eigh",
        "inv",
        "lu",
        "pinv",
        "qr",
        "slogdet",
        "solve",
        "svd",
        "triangular_solve",
    },
}


def test_every_primitive_is_tested() -> None:
    covered = {*test_elementwise_table.ROWS, *test_elementwise_table.OTHERS}
    for module in (
        test_attention,
        test_contract,
        test_control_flow,
        test_gather,
        test_movement,
        test_order,
        test_random,
        test_reduce,
        test_window,
    ):
        covered |= module.COVERED
    for family, names in ELSEWHERE.items():
        assert names == {name for name, p in PRIMITIVES.items() if p.family == family}
        covered |= names
    assert covered == set(PRIMITIVES)


def test_primitives_know_themselves() -> None:
    for name, primitive in PRIMITIVES.items():
        assert primitive.name == name
        assert repr(primitive) == f"<Primitive {name}>"
