"""What `policylang.yaml` says."""
