"""Pictures of a model: its layers, its weights, and what each layer gives for an input."""
