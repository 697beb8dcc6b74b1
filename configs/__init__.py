"""Configurations that ship with affectree, as package data; a configuration names them as `configs/…`."""
