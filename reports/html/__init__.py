"""One file to hand on: a run, or several, as a page that needs no network."""
