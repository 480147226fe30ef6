"""Many runs over time: read fast from their journals, cut where something changed, shown as tables and pictures."""
