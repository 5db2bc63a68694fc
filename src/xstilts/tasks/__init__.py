"""What XSTILTs knows of the world: tasks and languages, as declarations."""
