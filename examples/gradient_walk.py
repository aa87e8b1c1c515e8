"""Gradient descent on one number: find v with v * x = y, and see the derivative on every edge."""

import thalweg as tw

RATE = 0.05
STEPS = 10


def backward_pass(v, x, y):
    """The loss (v x - y)², and its derivative with respect to each value on the way to it."""
    with tw.GradientTape() as tape:
        product = v * x
        difference = product - y
        loss = tw.square(difference)
    return loss, tape.gradient(loss, {"difference": difference, "product": product, "v": v})


def main():
    x, y = tw.constant(2.0), tw.constant(5.0)
    v = tw.Variable(0.0)

    loss, slopes = backward_pass(v, x, y)
    print(f"v = {v.numpy():g}, loss = {loss:g}")
    for name, slope in slopes.items():
        print(f"  d loss / d {name:<10} = {slope:g}")

    print("step       v     loss   d loss / d v")
    for step in range(STEPS + 1):
        loss, slopes = backward_pass(v, x, y)
        print(f"{step:4d}  {v.numpy():.4f}  {loss:7.4f}  {slopes['v']:13.4f}")
        v.assign_sub(RATE * slopes["v"])


if __name__ == "__main__":
    main()
