"""Whether operators are slow because of memory access: docs/claim.md has the rules."""
