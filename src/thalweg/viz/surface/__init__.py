"""Loss surfaces, and the paths of training on them."""
