"""The command line's programs, one file each: `main(options) -> exit code`, data on stdout, narration on stderr."""
