"""On the host: `bench devices` and devices.yaml."""
