"""Readers of the official releases' file formats, one module per kind of data.

A reader gets the files of one task, split and language, the task and the language, and yields canonical rows. It raises
:class:`xstilts.errors.DataError` at the first row that is not as its docstring says.
"""
