"""Screens: they compose and wire; what is drawn is said by `fluxtui.view`."""
