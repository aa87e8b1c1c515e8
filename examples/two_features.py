"""Linear regression by hand: y = w1 x1 + w2 x2 + b, with a gradient tape and no layer."""

import thalweg as tw

X1 = tw.constant([2.0, 1.0, 3.0, -1.0, -3.0])
X2 = tw.constant([3.0, 1.0, -1.0, 1.0, -2.0])
Y = tw.constant([18.0, 10.0, 8.0, 6.0, -7.0])
RATE = 0.02


def step(w1, w2, b):
    """Move the three variables once; the loss before the move."""
    # The tape is persistent, so that it can be asked three times.
    with tw.GradientTape(persistent=True) as tape:
        prediction = w1 * X1 + w2 * X2 + b
        loss = tw.reduce_mean(tw.square(prediction - Y))
    slopes = [tape.gradient(loss, variable) for variable in (w1, w2, b)]
    for variable, slope in zip((w1, w2, b), slopes, strict=True):
        variable.assign_sub(RATE * slope)
    return loss


def main():
    w1, w2, b = tw.Variable(5.0), tw.Variable(8.0), tw.Variable(-2.0)
    print("step      loss      w1      w2       b")
    for number in range(1, 201):
        loss = step(w1, w2, b)
        if number <= 3 or number % 50 == 0:
            values = "  ".join(f"{variable.numpy():6.3f}" for variable in (w1, w2, b))
            print(f"{number:4d}  {loss:8.4f}  {values}")


if __name__ == "__main__":
    main()
