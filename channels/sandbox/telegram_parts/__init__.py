"""What Telegram's stand-in is made of: the provider's rules, and the way updates take to the bot."""
