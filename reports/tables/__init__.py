"""The rows as tables: CSV, JSON, Markdown, and for a terminal."""
