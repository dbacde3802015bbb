"""The targets, a module each; a module here that holds a `TARGET` is a target."""
