"""The command line: options in, exit code out. Heavy imports happen inside the commands."""
