"""Schema changes, one numbered file each, applied in order by `wipsie.database.migrator`."""
