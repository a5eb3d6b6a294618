"""What type checkers see of peelflow."""
