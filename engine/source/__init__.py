"""Sources: fetched, archived as artifacts, stored and served."""
