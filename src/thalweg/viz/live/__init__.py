"""The live view: a local page that shows a training while it runs."""
