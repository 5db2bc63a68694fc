"""What a paper on a study needs beside its tables: a section on methods and the references that it cites."""

from xstilts.report.paper.methods import methods_section
from xstilts.report.paper.references import References

__all__ = ["References", "methods_section"]
