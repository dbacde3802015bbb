"""Leads that another engine holds: it counts them, and only small tables travel."""
