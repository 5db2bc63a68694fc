"""Submissions to XTREME: written, checked and scored in the format that its ``evaluate.py`` reads."""
