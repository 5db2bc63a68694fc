"""The report's figures, one module per family of them; :mod:`xstilts.report.figures` draws and writes them all.

Every function takes frames and the study, and returns a :class:`~xstilts.report.plots.figure.Figure`, or an
:class:`~xstilts.report.plots.figure.Absent` that says what the study lacks for it.
"""
