"""An example of a package of scorers."""
