"""Starting, watching and stopping the parts of the system on one machine."""
