"""What an evaluation has found, as tables and text."""
