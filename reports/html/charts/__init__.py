"""Pictures of the page: SVG of our own, whose marks are links to the rows that they stand for."""
