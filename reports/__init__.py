"""Tables, plots and comparisons made from records alone."""
