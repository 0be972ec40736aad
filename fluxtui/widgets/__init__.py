"""Widgets: one a file, with its style, bindings and messages. They draw what `fluxtui.view` says."""
