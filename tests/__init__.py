"""Tests, flat: one file per module; what several share is imported as tests.NAME."""
