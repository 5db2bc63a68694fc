"""Submissions to XTREME: written, checked and scored as its ``evaluate.py`` reads them."""
