"""The pieces that the WhatsApp connector (channels/whatsapp.py) is made of."""
