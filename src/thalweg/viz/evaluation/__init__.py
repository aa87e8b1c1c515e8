"""How good a model is: pictures of its predictions against what is true.

All take `(y_true, y_pred)`, as metrics do: what `model.predict(x)` returns fits as it is.
"""
