"""The subcommands of `jiesu`, by what they are for."""
