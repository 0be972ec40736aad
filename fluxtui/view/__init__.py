"""Pure view functions: values of the engine in, lines of spans out. Knows no Textual, no thread and no loop."""
