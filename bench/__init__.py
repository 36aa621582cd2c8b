"""Measure the project against bare floors, side by side in one run, as ratios: `make bench`."""
