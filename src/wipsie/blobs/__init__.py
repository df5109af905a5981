"""The object store: keys, checksums and streams over files or any S3 endpoint."""
