"""What a person leaves out or mistypes is refused, and told where it stands."""
