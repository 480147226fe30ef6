"""How a sample is taken: clock, warm-up, stopping rule, disturbances, noise floor."""
