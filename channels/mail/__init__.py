"""The pieces of the e-mail channel: reading a mail, writing one, the SMTP and IMAP wires. `channels.email` joins them."""
