"""The basic charts: bars, heat maps, histograms, lines, points and tables.

They are the counterparts of `tfvis.render`; other pictures of this room are built on them.
"""
