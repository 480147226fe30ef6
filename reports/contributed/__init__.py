"""What is wrong with runs that somebody contributes to a site: their journals are text from a stranger."""
