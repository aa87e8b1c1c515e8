"""How well a network learns, by layer: gradients, activations, updates and dead units."""
