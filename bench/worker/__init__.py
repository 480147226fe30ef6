"""The process that measures: it does one task in one runtime and dies."""
