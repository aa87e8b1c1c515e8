"""From where on something is worth a word: rules of thumb, each with its reason."""

__all__ = [
    "DEAD_SAMPLES",
    "DEAD_SHARE",
    "GUIDE_RATIO",
    "LARGE_RATIO",
    "SMALL_RATIO",
    "UNEVEN",
]

UNEVEN = 100.0
"""How much gradients or activations may differ between hidden layers. All layers share one learning
rate: a layer that gets a hundredth of another's gradient takes a hundred steps for the other's one.
In a network that is well initialised both keep about their size from layer to layer: X. Glorot and
Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS
2010, section 4.2."""

DEAD_SHARE = 0.25
"""The share of a layer's units that may be dead: some are by chance, and more the deeper the layer
and the smaller the batch. CS231n, https://cs231n.github.io/neural-networks-1/#actfun, warns of 40%
where the learning rate is too high."""

DEAD_SAMPLES = 32
"""On fewer samples, silence proves little: a unit that answers to 1 sample in 10 is silent on all
of 32 with a probability of 3%."""

GUIDE_RATIO = 1e-3
"""The norm of an update over the norm of the weight "should be somewhere around 1e-3": CS231n,
Neural Networks Part 3, https://cs231n.github.io/neural-networks-3/#ratio."""

LARGE_RATIO = 0.1
"""A hundred times the guide: ten steps could replace the weights. Less is usual in the first steps,
where Adam moves each weight by about the learning rate."""

SMALL_RATIO = 1e-5
"""A hundredth of the guide: a hundred thousand steps to change the weights by as much as they
are."""
