"""The transformers: one file each, configured alike from a field of a kustomization or from a plugin's file."""
