"""The report of a study: one self-contained HTML file."""

from xstilts.report.page.content import PageContent, PageFigure, gather_content
from xstilts.report.page.page import write_page

__all__ = ["PageContent", "PageFigure", "gather_content", "write_page"]
