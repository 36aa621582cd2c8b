"""Contents of attachments: fetched, recognised, measured, made small."""
