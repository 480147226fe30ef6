"""What `bench layers` shows: where a network's time goes."""
