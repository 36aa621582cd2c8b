"""The thoughts behind channels.sms: Twilio's forms, signatures, events, errors and the length of a text message."""
