"""What is made of a study of a network's representations."""
