"""Pictures of rows, and which of them are drawn."""
