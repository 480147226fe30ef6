"""What `bench doctor` makes of what it found on a device."""
