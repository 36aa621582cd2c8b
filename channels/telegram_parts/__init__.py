"""What the Telegram connector is made of: reading updates, calling the Bot API, planning what to send."""
