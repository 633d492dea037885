"""What the web application shows, as data: who may do what, by which ways, where that is written."""
