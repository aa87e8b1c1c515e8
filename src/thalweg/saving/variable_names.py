"""Names of variables in files that list them one by one."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.random.seed import is_global_seed
from thalweg.tensor.variable import Variable

__all__ = ["names_of"]


def names_of(
    variables: Sequence[Variable], roles: Sequence[str], model: str | None = None
) -> list[str]:
    """A name for each variable, the same one for each model that is made alike.

    It is the variable's path, without the model's own name. But names of optimizers and generators
    are counted up in a process (`adam_1`), so an optimizer's variables are called `optimizer/...`,
    and the states of generators `random/0` and so on. Equal paths get a number.

    Args:
        variables: all variables of a model, in its order.
        roles: what each of them is.
        model: the model's name, where they belong to one.

    >>> import thalweg as tw
    >>> a, b = tw.Variable(1.0, name="a"), tw.Variable(2.0, name="a")
    >>> names_of([a, b], ["weight", "weight"])
    ['a', 'a_1']
    """
    found: list[str] = []
    generators = 0
    for variable, role in zip(variables, roles, strict=True):
        path = variable.path.removeprefix(f"{model}/")
        if role == "optimizer":
            path = "optimizer/" + path.partition("/")[2].removeprefix(f"{model}_")
        elif role == "random":
            path = "random/global" if is_global_seed(variable) else f"random/{generators}"
            generators += not is_global_seed(variable)
        name, number = path, 0
        while name in found:
            number += 1
            name = f"{path}_{number}"
        found.append(name)
    return found
