"""The report of a study: one HTML file that opens anywhere, without a network."""

from xstilts.report.page.content import Figure, PageContent, content_of
from xstilts.report.page.page import write_page

__all__ = ["Figure", "PageContent", "content_of", "write_page"]
