"""What is wrong on people's cards: rules without a database, the look at cards, and repairs that can be undone."""
