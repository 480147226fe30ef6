"""What `bench peak` shows: a device's ceilings as text, as tables and as a roofline."""
