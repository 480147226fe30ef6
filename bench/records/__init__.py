"""What is planned and what is written down; the standard library alone, in every process."""
