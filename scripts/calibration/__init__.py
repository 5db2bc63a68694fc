"""Calibration of the tests of the research questions on simulated studies."""
