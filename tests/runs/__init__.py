"""Long runs: writers killed by the hundred, and eight processes on fifty records."""
