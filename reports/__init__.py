"""What people look at: the page and its figures. Imports `calibrate`; never the other way round."""
