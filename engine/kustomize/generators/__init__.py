"""What makes objects: configMapGenerator and secretGenerator."""
