"""A layer as a plain function: multiply by a matrix, and let nothing negative through."""

import thalweg as tw


def simple_nn_layer(x, weights):
    return tw.nn.relu(tw.matmul(x, weights))


def main():
    x = tw.constant([[-2.0, -1.0], [3.0, 4.0]])
    weights = tw.constant([[3.0, 4.0], [1.0, 2.0]])
    print(tw.matmul(x, weights).numpy())
    print(simple_nn_layer(x, weights).numpy())


if __name__ == "__main__":
    main()
