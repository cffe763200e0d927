"""Recipes: what a wish lacks, what is wrong with it, and the bodies that it makes.

Pure functions over models.
"""
