"""The demo: its repository, its git server and what happens in it."""
