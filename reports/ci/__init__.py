"""What continuous integration reads of a comparison."""
