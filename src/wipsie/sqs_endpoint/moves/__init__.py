"""Message move tasks: dead letters on their way back, kept in the database, so that they outlive the process that was asked."""
