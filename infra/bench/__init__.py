"""What things cost, measured. None of it is deployed."""
