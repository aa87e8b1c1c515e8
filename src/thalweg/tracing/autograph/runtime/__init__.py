"""What converted code calls while it runs, under the one name `ag__`.

Each construct asks here whether what it depends on is a symbolic tensor. If not, Python's own
behaviour follows; if so, the construct becomes nodes of the graph being traced.
"""
