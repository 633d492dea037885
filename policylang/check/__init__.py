"""What `policylang check` looks for."""
