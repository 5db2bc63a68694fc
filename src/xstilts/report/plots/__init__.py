"""The report's figures, one module per kind; :mod:`xstilts.report.figures` plots and writes all of them.

Every function takes frames and the study, and returns a :class:`~xstilts.report.plots.figure.Figure`, or an
:class:`~xstilts.report.plots.figure.AbsentFigure` that says which data the study lacks.
"""
