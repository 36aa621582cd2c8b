"""The thoughts behind channels.fit: cutting a text, HTML as plain text, what an answer means."""
