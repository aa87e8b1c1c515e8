"""What the data is like, before a model sees it."""
