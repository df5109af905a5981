"""The vertical slices; they never import each other."""
