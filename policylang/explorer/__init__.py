"""The web application on this machine: served on the loopback interface, live while policies are written."""
