"""Who is here: online, away or off, and who looks at which conversation. Passing knowledge, kept in Redis and nowhere else."""
