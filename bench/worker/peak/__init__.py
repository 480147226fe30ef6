"""What a device can do at most: matrix products, memory, page faults and empty calls, one visit at a time."""
