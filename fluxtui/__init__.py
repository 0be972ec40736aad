"""fluxtui: a keyboard-driven terminal console for GitOps with Flux."""
