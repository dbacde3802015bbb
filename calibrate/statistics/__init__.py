"""Pure functions on small tables of counts; no lead, no file, no clock."""
