"""The four reference networks of MLPerf Tiny: keywords, persons, small images, odd sounds.

As the reference implementations of https://github.com/mlcommons/tiny define and train them: DS-CNN
for keyword spotting, MobileNet v1 with a quarter of its width for visual wake words, ResNet-8 for
image classification, and a fully connected autoencoder for anomaly detection.

Run it as `python examples/mlperf_tiny.py [FOLDER]`: it says how large they are, and with FOLDER
exports each of them there, ready for a page or Node to predict and to go on training.
"""

import sys
from pathlib import Path

import thalweg as tw
from thalweg import layers
from thalweg.regularizers import L2


def convolution(x, filters, size, strides=1, **options):
    return layers.Conv2D(
        filters, size, strides=strides, padding="same", kernel_regularizer=L2(1e-4), **options
    )(x)


def depthwise(x, strides=1):
    # The reference names an initializer and a regularizer here as for Conv2D, which Keras does not
    # take to be those of a depthwise kernel: it begins as by default, and is not regularized.
    return layers.DepthwiseConv2D(3, strides=strides, padding="same")(x)


def normalized_relu(x):
    return layers.Activation("relu")(layers.BatchNormalization()(x))


def classifier(x, classes, pool, **options):
    x = layers.Flatten()(layers.AveragePooling2D(pool)(x))
    return layers.Dense(classes, activation="softmax", **options)(x)


def ds_cnn():
    """Twelve classes of spoken words, from 49 moments of 10 cepstral coefficients each."""
    inputs = tw.Input((49, 10, 1))
    x = normalized_relu(convolution(inputs, 64, (10, 4), strides=2))
    x = layers.Dropout(0.2)(x)
    for _ in range(4):
        x = normalized_relu(depthwise(x))
        x = normalized_relu(convolution(x, 64, 1))
    x = layers.Dropout(0.4)(x)
    model = tw.Model(inputs, classifier(x, 12, (24, 5)), name="ds_cnn")
    model.compile(tw.optimizers.Adam(5e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def mobilenet():
    """Whether a person is in the picture."""
    he = {"kernel_initializer": "he_normal"}
    inputs = tw.Input((96, 96, 3))
    x = normalized_relu(convolution(inputs, 8, 3, strides=2, **he))
    filters = (16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256)
    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    for wide, step in zip(filters, strides, strict=True):
        x = normalized_relu(depthwise(x, step))
        x = normalized_relu(convolution(x, wide, 1, **he))
    model = tw.Model(inputs, classifier(x, 2, 3), name="mobilenet")
    model.compile(tw.optimizers.Adam(), "categorical_crossentropy", metrics=["accuracy"])
    return model


def resnet():
    """Ten classes of images, as those of CIFAR-10."""
    he = {"kernel_initializer": "he_normal"}
    inputs = tw.Input((32, 32, 3))
    x = normalized_relu(convolution(inputs, 16, 3, **he))
    for filters, step in ((16, 1), (32, 2), (64, 2)):
        y = normalized_relu(convolution(x, filters, 3, strides=step, **he))
        y = layers.BatchNormalization()(convolution(y, filters, 3, **he))
        if step > 1:
            x = convolution(x, filters, 1, strides=step, **he)
        x = layers.Activation("relu")(layers.add([x, y]))
    model = tw.Model(inputs, classifier(x, 10, 8, **he), name="resnet")
    model.compile(tw.optimizers.Adam(), "categorical_crossentropy", metrics=["accuracy"])
    return model


def autoencoder():
    """Five frames of 128 mel bands through eight numbers and back: what comes back wrong is odd."""
    inputs = x = tw.Input((640,))
    for units in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = normalized_relu(layers.Dense(units)(x))
    model = tw.Model(inputs, layers.Dense(640)(x), name="autoencoder")
    model.compile(tw.optimizers.Adam(), "mean_squared_error")
    return model


NETWORKS = (ds_cnn, mobilenet, resnet, autoencoder)


def main(folder=None):
    tw.set_random_seed(0)
    for make in NETWORKS:
        model = make()
        sizes = f"{model.input_shape[1:]} to {model.output_shape[1:]}"
        print(f"{model.name:12} {sizes:24} {model.count_params():>8,} parameters")
        if folder is not None:
            print(" " * 12, model.export_web(Path(folder) / model.name, batch_size=32))


if __name__ == "__main__":
    main(*sys.argv[1:2])
