"""The pieces of the mail provider's stand-in: its mailbox, its IMAP and SMTP servers, and what customers' mail programs write."""
