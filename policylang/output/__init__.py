"""What the commands print, one format a file."""
