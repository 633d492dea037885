"""What people do: logs read, compared with what they may do, and roles made to fit."""
