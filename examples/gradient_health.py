"""Three stories of deep networks: why ReLU, why Glorot, why RMSprop and Adam.

Networks of many layers learn the prices of Boston's houses. Run it as
`python examples/gradient_health.py folder` to get the pictures too.
"""

import sys
from functools import partial
from pathlib import Path

import thalweg as tw
from thalweg.datasets import boston_housing

UNITS, EPOCHS = 32, 10


def data():
    """Features and prices, each with mean 0 and standard deviation 1."""
    (x, y), _ = boston_housing.load_data()
    return (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()


def network(activation, initializer=tw.initializers.GlorotUniform, optimizer="sgd", depth=10):
    """Hidden layers of 32 units, each with an initializer of its own, and one output."""
    tw.random.set_seed(1)
    hidden = [
        tw.layers.Dense(UNITS, activation, kernel_initializer=initializer(), name=f"hidden_{i}")
        for i in range(1, depth + 1)
    ]
    model = tw.Sequential([tw.Input((12,)), *hidden, tw.layers.Dense(1, name="output")])
    model.compile(optimizer, "mse")
    return model


def activations(x, y):
    """Before training: gradients on their way back through ten layers of each kind."""
    return {name: tw.viz.Probe(network(name))(x, y) for name in ("sigmoid", "relu")}


def initializers(x, y):
    """Before training: gradients with kernels that are too large, too small, and right."""
    models = {
        "normal, 1": network("relu", partial(tw.initializers.RandomNormal, stddev=1.0)),
        "normal, 0.01": network("relu", partial(tw.initializers.RandomNormal, stddev=0.01)),
        "Glorot uniform": network("relu"),
    }
    return {name: tw.viz.Probe(model)(x, y) for name, model in models.items()}


def optimizers(x, y):
    """While four sigmoid layers train: how far a step moves the weights."""
    recorded = {}
    for optimizer in (
        tw.optimizers.SGD(0.01),
        tw.optimizers.RMSprop(0.001),
        tw.optimizers.Adam(0.001),
    ):
        health = tw.callbacks.GradientHealth()
        model = network("sigmoid", optimizer=optimizer, depth=4)
        model.fit(x, y, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=[health])
        recorded[type(optimizer).__name__] = health.history
    return recorded


def main(folder=None):
    x, y = data()
    for story, what in (
        (activations, ["activations", "gradients"]),
        (initializers, ["activations", "gradients"]),
        (optimizers, ["updates"]),
    ):
        networks = story(x, y)
        plot = tw.viz.compare_health(networks, what=what)
        print(story.__doc__)
        for name, found in plot.numbers.items():
            first, *_, last = found[what[-1]].values[-1]
            print(f"  {name:<14}  first layer {first:.2e}, last {last:.2e}")
        if folder is not None:
            plot.save(Path(folder) / f"gradient-health-{story.__name__}.png", dpi=100)
        if story is not optimizers:
            for name, health in networks.items():
                print(f"  {name}: {tw.viz.diagnose(health)[0].sentence}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
